// SPDX-License-Identifier: ISC
/*
 * A driver for real Harpers, natively or under a lease.
 *
 *	HARPER_HOME=build/harper PORTLEASE=build/portlease \
 *		node --test tests/harper/*.test.mjs
 *
 * HARPER_HOME is where `npm ci` put node_modules, PORTLEASE the program to
 * test.  `make check-harper` sees to both.
 *
 * A story is one test with a stage of its own: a scratch directory that holds
 * the private PORTLEASE_DIR of the story and, for every Harper, its root and
 * HOME.  The directory's name is also the mark by which the stage knows its
 * processes: it is in the environment of each, or, for a monitor, in the path
 * of the record that it maps.  So the stage can end what a failed story leaves
 * behind without asking portlease, and end nothing else; a story that passes
 * must have left nothing.  Whatever fails shows what every Harper and wrapper
 * has said.
 *
 * Needs ss(8), nothing else beyond Node.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync }
	from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ask } from './client.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CLIENT = join(HERE, 'client.mjs');
const MAIN = 'node_modules/harperdb/bin/harperdb.js';
const BOOT = 180_000; // milliseconds; sixteen on two cores took 103 s
const END = 60_000; // milliseconds from a signal to the end of everything
const KILL = 10_000; // milliseconds for SIGKILL to do its work
const STORY = 300_000; // milliseconds
const LINES = 12; // of a text that may be long, in a message

// What Harper listens on with PLAIN, apart from one random port a thread.
const PORTS = [1883, 8883, 9925, 9926, 9933];

// How Harper ends on SIGTERM, natively and therefore in a lease.
export const GRACEFUL = { code: 0, signal: null };

// Fixed ports, and no address at all.
export const PLAIN = [
	'--HTTP_PORT=9926',
	'--OPERATIONSAPI_NETWORK_PORT=9925',
	'--MQTT_NETWORK_PORT=1883',
	'--MQTT_NETWORK_SECUREPORT=8883',
];

// The same ports, on one address; 9933 has none and listens on [::].
export function addressed(ip) {
	return [
		`--NODE_HOSTNAME=${ip}`,
		...PLAIN.map((arg) => arg.replace('=', `=${ip}:`)),
	];
}

function required(name, what) {
	const value = process.env[name];

	if (!value) throw new Error(`${name} is not set: it is ${what}`);
	return resolve(value);
}

const harperMain = () =>
	join(required('HARPER_HOME', 'the directory of node_modules'), MAIN);
const portlease = () => required('PORTLEASE', 'the program to test');

// ---- what the kernel shows ----

// Does the file of this process hold the text?  What cannot be read does not.
function holds(pid, file, text) {
	try {
		return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text);
	} catch {
		return false;
	}
}

// The processes, zombies apart, that carry this directory's name.
export function carriers(dir) {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number)
		.filter((pid) => pid !== process.pid)
		.filter((pid) => holds(pid, 'environ', dir) || holds(pid, 'maps', dir));
}

// "pid 12 (sleep 600)", for messages.
function described(pid) {
	try {
		const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
		return `pid ${pid} (${line.replaceAll('\0', ' ').trim()})`;
	} catch {
		return `pid ${pid} (gone)`;
	}
}

export function alive(pid) {
	try {
		return !/^State:\s*[ZX]/m.test(
			readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

// "[::ffff:127.70.1.1]:9926" -> { address: "127.70.1.1", port: 9926 }
function endpoint(text) {
	const colon = text.lastIndexOf(':');
	const address = text.slice(0, colon)
		.replace(/^\[(.*)\]$/, '$1')
		.replace(/%.*$/, '')
		.replace(/^::ffff:/, '');

	return { address, port: Number(text.slice(colon + 1)) };
}

// The processes that a line of `ss -p` names.
const holders = (line) =>
	[...line.matchAll(/\bpid=(\d+)/g)].map((match) => Number(match[1]));

const ss = (...args) => execFileSync('ss', args, { encoding: 'utf8' });

// The Internet sockets, in whatever state, that these processes hold.
export function sockets(pids) {
	return ss('-tuanpH')
		.split('\n')
		.filter((line) => holders(line).some((pid) => pids.includes(pid)))
		.map((line) => {
			const [protocol, state, , , local] = line.split(/\s+/);
			return { protocol, state, ...endpoint(local), line };
		});
}

export const listeners = (pids) =>
	sockets(pids).filter((socket) => socket.state === 'LISTEN');

// The sockets whose address does not begin so, as ss shows them.
export const strays = (pids, prefix) => sockets(pids)
	.filter((socket) => !socket.address.startsWith(prefix))
	.map((socket) => socket.line);

// Which of Harper's ports are not among these.
export const missing = (ports) => PORTS.filter((port) => !ports.includes(port));

// Who listens on this address and port.
export function listening(ip, port) {
	return ss('-tlnpH', 'src', `${ip}:${port}`).split('\n').flatMap(holders);
}

// Whoever took one of Harper's ports on every address, as ss shows it.
function squatters() {
	return ss('-tlnpH').split('\n').filter((line) => {
		const { address, port } = endpoint(line.split(/\s+/)[3] ?? '');
		return ['*', '0.0.0.0', '::'].includes(address) &&
			PORTS.includes(port);
	});
}

// ---- ending what is ours ----

// SIGKILL, again and again: the dying may still be starting others.
function sweep(dir) {
	const end = Date.now() + KILL;
	const nap = new Int32Array(new SharedArrayBuffer(4));
	const found = new Map();
	let left = carriers(dir);

	while (left.length > 0 && Date.now() < end) {
		for (const pid of left) {
			if (!found.has(pid)) found.set(pid, described(pid));
			kill(pid);
		}
		Atomics.wait(nap, 0, 0, 5);
		left = carriers(dir);
	}
	return [...found.values()];
}

function kill(pid) {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It was quicker.
	}
}

const stages = new Set();

process.on('exit', () => stages.forEach((stage) => stage.strike()));
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.once(name, () => process.exit(1));

// ---- a Harper ----

// A deadline for a promise; the timer goes with it.
function within(ms, what, promise) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(
			() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
	});

	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// The last lines that match, without the colours of Harper's picture.
function lines(text, pattern) {
	return text.replace(/\x1b\[[\d;]*m/g, '').split('\n')
		.filter((line) => pattern.test(line)).slice(-LINES);
}

export class Harper {
	#child;
	#said = { stdout: '', stderr: '' };
	#told = new Set(); // called when something was said, and at the end
	#done = false;

	// The root and HOME of this Harper, and its name in messages.
	constructor(name, dir, command, environment) {
		this.name = name;
		this.dir = dir;
		this.#child = spawn(command[0], command.slice(1), {
			cwd: dir,
			env: environment,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		for (const stream of ['stdout', 'stderr']) this.#listen(stream);
		this.closed = new Promise((done) => this.#child.on('close',
			(code, signal) => this.#close({ code, signal }, done)));
		this.#child.on('error', (error) => this.#hear('stderr', `${error}\n`));
		this.started = this.says('stdout', /successfully started/, BOOT);
	}

	#listen(stream) {
		this.#child[stream].setEncoding('utf8');
		this.#child[stream].on('data', (text) => this.#hear(stream, text));
	}

	#hear(stream, text) {
		this.#said[stream] += text;
		for (const tell of this.#told) tell();
	}

	#close(ended, done) {
		this.#done = true;
		for (const tell of this.#told) tell();
		done(ended);
	}

	get pid() {
		return this.#child.pid;
	}

	get stderr() {
		return this.#said.stderr;
	}

	// The leased address, once the wrapper has told it.
	get ip() {
		const found = /^portlease: (127[\d.]+): leased/m.exec(this.stderr);

		assert.ok(found, 'the wrapper did not say what it leased');
		return found[1];
	}

	get slice() {
		return this.ip.replace(/\d+$/, '');
	}

	// The match, as soon as the stream has it; rejected when it cannot come.
	says(stream, pattern, ms = END) {
		let tell;
		const said = new Promise((done, failed) => {
			tell = () => {
				const found = pattern.exec(this.#said[stream]);
				if (found) done(found);
				else if (this.#done)
					failed(new Error(`${this.name} ended without ${pattern}`));
			};
			this.#told.add(tell);
			tell();
		});

		const match = within(ms, `${this.name}: ${pattern}`, said)
			.finally(() => this.#told.delete(tell));
		match.catch(() => {}); // it may fail before somebody awaits it
		return match;
	}

	async operation(body, ip = this.ip) {
		return JSON.parse(
			await ask(`http://${ip}:9925/`, JSON.stringify(body)));
	}

	async get(path, ip = this.ip) {
		return JSON.parse(await ask(`http://${ip}:9926${path}`));
	}

	// Everything that runs in it, the wrapper apart.
	get pids() {
		return carriers(this.dir).filter((pid) => pid !== this.pid);
	}

	// Signal what we started; how it ended, and in how many milliseconds.
	async stop(signal = 'SIGTERM') {
		const begun = performance.now();

		this.#child.kill(signal);
		const ended = await within(END, `${this.name}: ${signal}`, this.closed);
		return { ...ended, ms: performance.now() - begun };
	}

	// What Harper wrote to its log: a failed bind is said nowhere else.
	get #log() {
		try {
			return readFileSync(join(this.dir, 'root/log/hdb.log'), 'utf8');
		} catch {
			return '';
		}
	}

	// For messages: all of stderr, and the ends of the others.
	get said() {
		return [
			`--- ${this.name}, stdout, the end of it`,
			...lines(this.#said.stdout, /\w/),
			`--- ${this.name}, log, its last complaints`,
			...lines(this.#log, /\b(warn|error|fatal)\b|unable|EADDR/i),
			`--- ${this.name}, stderr`,
			this.stderr.trimEnd(),
		].join('\n');
	}
}

// ---- the stage ----

export class Stage {
	#harpers = [];

	constructor() {
		this.dir = mkdtempSync(join(tmpdir(), 'harper-'));
		this.state = join(this.dir, 'state');
		mkdirSync(this.state, { mode: 0o700 });
		stages.add(this);
	}

	// No more than a program needs: nothing of the test runner's.
	#environment(home) {
		const kept = ['PATH', 'LANG', 'LD_LIBRARY_PATH']
			.filter((name) => name in process.env)
			.map((name) => [name, process.env[name]]);

		return {
			...Object.fromEntries(kept),
			HOME: home,
			PORTLEASE_DIR: this.state,
			TC_AGREEMENT: 'yes',
			DEFAULTS_MODE: 'prod',
			REPLICATION_HOSTNAME: 'localhost',
		};
	}

	// A directory with the components in it, for a Harper that is to come.
	#furnish(name) {
		const dir = join(this.dir, name);

		mkdirSync(join(dir, 'root'), { recursive: true });
		cpSync(join(HERE, 'components'), join(dir, 'root', 'components'),
			{ recursive: true });
		return dir;
	}

	/*
	 * Start a Harper.  lease: the options of `portlease run`, none natively;
	 * args: its ports; dir: that of an earlier one, to use its root again.
	 */
	start(name, { lease, args = PLAIN, dir = this.#furnish(name) } = {}) {
		const wrapper = lease
			? [portlease(), 'run', '-v', ...lease, '--'] : [];
		const harper = new Harper(name, dir, [
			...wrapper,
			process.execPath,
			harperMain(),
			`--ROOTPATH=${join(dir, 'root')}`,
			'--AUTHENTICATION_AUTHORIZELOCAL=true',
			'--HDB_ADMIN_USERNAME=admin',
			'--HDB_ADMIN_PASSWORD=a-password',
			'--THREADS_COUNT=1',
			'--THREADS_DEBUG=false',
			'--LOGGING_LEVEL=debug',
			'--LOGGING_STDSTREAMS=false',
			...args,
		], this.#environment(dir));

		this.#harpers.push(harper);
		return harper;
	}

	// Run portlease itself; what it printed.
	async portlease(...args) {
		const { stdout } = await promisify(execFile)(portlease(), args,
			{ env: this.#environment(this.dir), timeout: END });

		return stdout;
	}

	// A client inside the lease of this address; the answer.
	async inside(ip, url, body) {
		const json = body ? [JSON.stringify(body)] : [];

		return JSON.parse(await this.portlease('exec', '--lease', ip, '--',
			process.execPath, CLIENT, url, ...json));
	}

	async leases() {
		return JSON.parse(await this.portlease('ps', '--json')).leases;
	}

	get said() {
		return [
			...this.#harpers.map((harper) => harper.said),
			'--- on every address, where it keeps others from the port',
			...squatters(),
		].join('\n');
	}

	// Call the body; what it throws tells also what the Harpers have said.
	async telling(body) {
		try {
			return await body();
		} catch (cause) {
			throw new Error(`${cause.message}\n${this.said}`, { cause });
		}
	}

	// End all that carries our mark, remove our directory; who was left.
	strike() {
		const left = sweep(this.dir);

		rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
		stages.delete(this);
		return left;
	}
}

async function play(stage, body, t) {
	const step = (name, part) => t.test(name, () => stage.telling(part));

	try {
		await stage.telling(() => body(stage, step));
		await stage.telling(() => assert.deepEqual(
			carriers(stage.dir).map(described), [], 'the story left these'));
	} finally {
		stage.strike();
	}
}

/*
 * A test with a stage of its own: body(stage, step), where step(name, part) is
 * a part of it that is reported by itself.
 */
export function story(name, body) {
	test(name, { timeout: STORY }, (t) => play(new Stage(), body, t));
}
