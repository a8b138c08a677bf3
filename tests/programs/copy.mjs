// SPDX-License-Identifier: ISC
/*
 * One copy of a row's program, natively in a namespace or in a lease: start
 * it, wait until it listens, be its clients, end it.  Every wait has an end.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY = 60_000; // milliseconds until it listens
const CHECK = 60_000; // milliseconds for its clients
const END = 20_000; // milliseconds from SIGTERM to the end
const NAP = 20; // milliseconds between two looks at the kernel

export const nap = () => new Promise((done) => setTimeout(done, NAP));

// A deadline for a promise; the timer goes with it.
export function within(ms, what, promise) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(
			() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
	});

	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Run it; { status, stdout, stderr }.
export const run = (command, options) => new Promise((done) =>
	execFile(command[0], command.slice(1), options,
		(error, stdout, stderr) => done({
			status: error ? error.code ?? error.signal : 0, stdout, stderr,
		})));

// "tcp LISTEN 0 128 [::]:80 *:* users:((...))", an address, its port, its pids.
function socket(line) {
	const local = line.split(/\s+/)[4] ?? '';
	const colon = local.lastIndexOf(':');

	return {
		line,
		address: local.slice(0, colon).replace(/[[\]]|%.*$/g, '')
			.replace('::ffff:', ''),
		port: Number(local.slice(colon + 1)),
		pids: [...line.matchAll(/\bpid=(\d+)/g)].map((m) => Number(m[1])),
	};
}

// What listens, TCP and UDP; through `inside`, in a namespace.
export async function listeners(inside = (command) => command) {
	const { stdout } = await run(inside(['ss', '-Htulnp']), {});

	return stdout.split('\n').filter(Boolean).map(socket);
}

// The descendants of a process, and itself.
export function descendants(root) {
	const parents = new Map();
	const found = new Set([root]);

	for (const name of readdirSync('/proc').filter((n) => /^\d+$/.test(n)))
		try {
			const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
			parents.set(Number(name),
				Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
		} catch {
			// It is gone.
		}
	for (let before = 0; before !== found.size;) {
		before = found.size;
		for (const [pid, parent] of parents)
			if (found.has(parent)) found.add(pid);
	}
	return found;
}

export function kill(pid, signal) {
	try {
		process.kill(pid, signal);
	} catch {
		// It was quicker.
	}
}

class Copy {
	token = `token-${randomBytes(6).toString('hex')}`;
	said = '';
	ended = null; // { code, signal }, when it has

	constructor(row, name) {
		this.row = row;
		this.name = name;
		this.dir = join(row.dir, name);
		mkdirSync(this.dir);
		row.give(this.dir);
	}

	launch(command, stdio) {
		this.child = spawn(command[0], command.slice(1),
			{ cwd: this.dir, env: this.row.environment(this.token), stdio });
		for (const stream of [this.child.stdout, this.child.stderr])
			stream.setEncoding('utf8').on('data', (s) => this.said += s);
		this.exited = once(this.child, 'exit').then(([code, signal]) =>
			this.ended = { code, signal });
	}

	// Until all the ports are there; rejected when it ends before.
	async listens() {
		const deadline = Date.now() + READY;
		let ports;

		do {
			if ((this.ended && this.row.until === 'main') ||
					Date.now() > deadline)
				throw new Error(`${this.name}: not ready\n${this.story()}`);
			await nap();
			ports = (await this.listeners()).map((s) => s.port);
		} while (this.row.ports.some((port) => !ports.includes(port)));
	}

	// Its clients, all on localhost; what they print, this copy's own apart.
	async check() {
		const { status, stdout, stderr } = await run(
			this.client(this.row.command('check')),
			{ cwd: this.dir, env: this.row.environment(this.token),
				timeout: CHECK });

		if (status !== 0)
			throw new Error(`${this.name}: check: ${status}\n` +
				`${stdout}${stderr}\n${this.story()}`);
		return stdout.replaceAll(this.token, 'TOKEN')
			.replaceAll(this.dir, 'DIR');
	}

	async stop() {
		if (!this.ended) this.child.kill('SIGTERM');
		await this.settle();
		return within(END, `${this.name}: SIGTERM`, this.exited);
	}

	story() {
		return `--- ${this.name} said:\n${this.said}---`;
	}
}

export class Native extends Copy {
	constructor(row, name, namespace) {
		super(row, name);
		this.namespace = namespace;
		this.launch(this.client(row.command('start')),
			['ignore', 'pipe', 'pipe']);
	}

	client(command) {
		return this.namespace.inside(this.row.as(command));
	}

	listeners() {
		return listeners((command) => this.namespace.inside(command));
	}

	// Until somebody, whoever it is, listens on all the ports.
	ready() {
		return this.listens();
	}

	// What went on without the process that we started.
	async settle() {
		if (this.row.until !== 'tree' || !this.ended) return;
		const deadline = Date.now() + END;
		const asked = new Set();

		for (;;) {
			const left = (await this.listeners()).flatMap((s) => s.pids);
			if (left.length === 0 || Date.now() > deadline) return;
			for (const pid of left.filter((pid) => !asked.has(pid)))
				kill(pid, 'SIGTERM');
			left.forEach((pid) => asked.add(pid));
			await nap();
		}
	}
}

export class Leased extends Copy {
	ip = '';

	constructor(row, name) {
		super(row, name);
		const awaited = row.tcp.length > 0
			? ['--ready-listen', row.tcp.join()] : [];

		this.launch([...row.as([row.portlease]), 'run', ...awaited, '-v', '--on-leak',
			'fail', '--until', row.until, '--status-fd', '3',
			'-p', row.ports.join(), ...row.options, '--', ...row.command('start')],
		['ignore', 'pipe', 'pipe', 'pipe']);

		this.verdict = '';
		this.told = new Promise((done, failed) => {
			const lines = createInterface({ input: this.child.stdio[3] });
			lines.on('line', (line) => {
				const event = JSON.parse(line);
				this.ip = event.address;
				if (event.event === (awaited.length > 0 ? 'ready' : 'leased'))
					done();
				if (event.event === 'verdict') this.verdict = event.verdict;
			});
			this.silent = once(lines, 'close').then(() => failed(new Error(
				`${this.name}: not ready\n${this.story()}`)));
		});
		this.told.catch(() => {}); // it may fail before somebody awaits it
	}

	client(command) {
		return [...this.row.as([this.row.portlease]), 'exec', '--lease',
			this.ip, '--', ...command];
	}

	// portlease says so for TCP; for UDP the kernel is asked.
	async ready() {
		await within(READY, `${this.name}: ready`, this.told);
		await this.listens();
	}

	get slice() {
		return this.ip.replace(/\d+$/, '');
	}

	// The listening sockets of all that was started here.
	async listeners() {
		const pids = descendants(this.child.pid);

		return (await listeners())
			.filter((s) => s.pids.some((pid) => pids.has(pid)));
	}

	// All has been told, the verdict too.
	settle() {
		return within(END, `${this.name}: the verdict`, this.silent);
	}
}
