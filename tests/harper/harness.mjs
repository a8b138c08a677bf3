// SPDX-License-Identifier: ISC
/*
 * A harness for Harper that has a pool of addresses of its own and trusts that
 * a process that was signalled is gone:
 *
 * - the pool is a JSON file with a lock file beside it;
 * - HARPER_RUNTIME is the executable that is started with node's flags, the
 *   script and its arguments, which carry the address;
 * - a Harper that says "successfully started" is taken for ready;
 * - at the end its direct child gets SIGTERM, and SIGKILL 200 ms later, the
 *   address goes back into the pool at once, the data directory is removed.
 *
 * A cycle is one Harper between taking and giving back its address.  A suite
 * is one cycle after the other.  A series is several suites at once on one
 * pool, all of which misbehave in one way before each teardown; what came of
 * it is the figures.  Nothing here knows of portlease: the runtime is given.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync,
	writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { addressed, carriers, listening } from './harper.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MAIN = 'node_modules/harperdb/bin/harperdb.js';
const WITNESS = join(HERE, 'harness/witness.cjs');
const COMPONENTS = ['components', 'harness/rival'];
const RETRY = 1000; // milliseconds between two tries for the pool's lock
const TRIES = 60;
const KILL = 200; // milliseconds from SIGTERM to SIGKILL
const BOOT = 180_000; // milliseconds; sixteen on two cores took 103 s
const PATIENCE = 5000; // milliseconds for one answer, then it is hung
const DEED = 10_000; // milliseconds for a component that starts something
const OPERATION = 60_000; // milliseconds for an operation
const CONNECTIONS = 20; // a cycle
const WRITERS = 32;
const LOADED = 500; // milliseconds of writing before the end
const RECORDS = 50; // in one write
const TEXT = 'x'.repeat(1000); // in one record
const LINES = 12; // of what a Harper said, in a message

// Milliseconds of CLOCK_MONOTONIC, as the witness notes them.
const clock = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/*
 * One request on a connection of its own, POST when there is a body; the
 * answer's status and text.
 */
function ask(url, ms, body) {
	return new Promise((resolve, reject) => {
		const req = request(url, {
			agent: false,
			method: body ? 'POST' : 'GET',
			headers: { 'content-type': 'application/json' },
			signal: AbortSignal.timeout(ms),
		});

		req.on('error', reject);
		req.on('response', (res) => {
			let text = '';
			res.setEncoding('utf8');
			res.on('data', (piece) => (text += piece));
			res.on('error', reject);
			res.on('end', () =>
				resolve({ status: res.statusCode, text }));
		});
		req.end(body);
	});
}

// ---- the pool ----

export class Pool {
	#file;

	constructor(file, addresses) {
		this.#file = file;
		this.#save(addresses);
	}

	#save(free) {
		writeFileSync(`${this.#file}.new`, JSON.stringify({ free }));
		renameSync(`${this.#file}.new`, this.#file);
	}

	// Call change(free addresses) with the lock held; what it returned.
	async #locked(change) {
		const lock = `${this.#file}.lock`;

		for (let i = 0; i < TRIES; i++) {
			try {
				writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
			} catch (error) {
				if (error.code !== 'EEXIST') throw error;
				await sleep(RETRY);
				continue;
			}
			try {
				const { free } =
					JSON.parse(readFileSync(this.#file, 'utf8'));
				const result = change(free);
				this.#save(free);
				return result;
			} finally {
				rmSync(lock);
			}
		}
		throw new Error(`${lock}: never free`);
	}

	// The address that has been free for longest.
	async take() {
		for (let i = 0; i < TRIES; i++) {
			const ip = await this.#locked((free) => free.shift());
			if (ip) return ip;
			await sleep(RETRY);
		}
		throw new Error('no address is free');
	}

	give(ip) {
		return this.#locked((free) => { free.push(ip); });
	}
}

// ---- one Harper, as the harness sees it ----

class Run {
	#child;
	#said = '';

	/*
	 * what: a plan (see below) with ip, args for it, notes, the witness's file,
	 * and dir, the data directory and HOME, which this very Harper is known by.
	 */
	constructor(what) {
		Object.assign(this, what);
		this.begun = clock();
		this.#child = spawn(what.runtime, this.#command(), {
			cwd: what.dir,
			env: this.#environment(),
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		this.exited = new Promise((done) => {
			this.#child.on('exit', (code, signal) =>
				done(this.how = signal ?? `exit status ${code}`));
			this.#child.on('error', done);
		});
		this.#child.stdout.on('end', () => { this.silent = clock(); });
		this.started = this.#ready();
		this.started.catch(() => {}); // it may fail before it is awaited
	}

	#command() {
		return [
			'--require',
			WITNESS,
			join(process.env.HARPER_HOME, MAIN),
			`--ROOTPATH=${join(this.dir, 'root')}`,
			'--AUTHENTICATION_AUTHORIZELOCAL=true',
			'--HDB_ADMIN_USERNAME=admin',
			'--HDB_ADMIN_PASSWORD=a-password',
			'--THREADS_COUNT=1',
			'--THREADS_DEBUG=false',
			'--LOGGING_LEVEL=debug',
			'--LOGGING_STDSTREAMS=false',
			...addressed(this.ip),
			...this.args,
		];
	}

	#environment() {
		return {
			...this.environment,
			HARPER_HOME: process.env.HARPER_HOME,
			HARNESS_NOTES: this.notes,
			HARNESS_FLUSH: this.series.flush ?? 0,
			HOME: this.dir,
			TC_AGREEMENT: 'yes',
			DEFAULTS_MODE: 'prod',
			REPLICATION_HOSTNAME: 'localhost',
		};
	}

	// Both streams are read to their end: Harper must never find them closed.
	#ready() {
		return new Promise((done, failed) => {
			const late = setTimeout(
				() => failed(new Error('not ready')), BOOT);
			const hear = (text) => {
				this.#said += text;
				if (!/successfully started/.test(this.#said)) return;
				this.readied ??= clock();
				done();
			};

			for (const stream of [this.#child.stdout, this.#child.stderr])
				stream.setEncoding('utf8').on('data', hear);
			this.exited.then((how) => failed(
				new Error([how, ...this.said()].join('\n'))));
			this.exited.then(() => clearTimeout(late));
		});
	}

	// The last lines that it said, without the colours of Harper's picture.
	said(pattern = /\w/) {
		return this.#said.replace(/\x1b\[[\d;]*m/g, '').split('\n')
			.filter((line) => pattern.test(line)).slice(-LINES);
	}

	get pid() {
		return this.#child.pid;
	}

	// Whatever the answer is, and whosever.
	asked(path) {
		return ask(`http://${this.ip}:9926${path}`, PATIENCE);
	}

	// Have something done that is known to work.
	async #done(url, ms, body) {
		const { status, text } = await ask(url, ms, body);

		if (status !== 200) throw new Error(`${url}: ${status} ${text}`);
	}

	get(path) {
		return this.#done(`http://${this.ip}:9926${path}`, DEED);
	}

	operation(body) {
		return this.#done(`http://${this.ip}:9925/`, OPERATION,
			JSON.stringify(body));
	}

	// SIGTERM to the direct child, SIGKILL 200 ms later.
	async end() {
		this.termed = clock();
		this.#child.kill('SIGTERM');
		await Promise.race([this.exited, sleep(KILL)]);
		this.#child.kill('SIGKILL');
		await this.exited;
	}

	/*
	 * What Harper, not the copy that it may have started, noted: its pid, and
	 * when it started and exited; undefined for what it did not live to note.
	 */
	get noted() {
		if (!existsSync(this.notes)) return {};
		const lines = readFileSync(this.notes, 'utf8').trim().split('\n')
			.map((line) => line.split(' '));
		const pid = lines[0][1];
		const [start, exit] = ['start', 'exit'].map((what) =>
			lines.find((line) => line[0] === what && line[1] === pid));

		return { pid: Number(pid), start: Number(start[2]),
			exit: exit && Number(exit[2]) };
	}
}

// ---- fresh connections ----

// Whose answer it is.  A stranger may not even know the question.
function recognise(text, dir) {
	try {
		return JSON.parse(text).home === dir ? 'ours' : 'stranger';
	} catch {
		return 'stranger';
	}
}

// 'ours', 'stranger', 'hung' or 'reset' (which stands for refused, too).
function visit(run) {
	return run.asked('/WhoAmI').then(
		({ text }) => recognise(text, run.dir),
		(error) => (error.cause ?? error).name === 'TimeoutError'
			? 'hung' : 'reset');
}

// How many connections of this cycle ended how.
async function visits(run) {
	const tally = { ours: 0, stranger: 0, hung: 0, reset: 0 };
	const all = Array.from({ length: CONNECTIONS }, () => visit(run));

	for (const how of await Promise.all(all)) tally[how]++;
	return tally;
}

// ---- the ways to misbehave ----

// Harper exits and a detached copy of it starts: wait for the first part.
async function restart(run) {
	await run.operation({ operation: 'restart' });
	await Promise.race([run.exited, sleep(RETRY / 2)]);
}

async function write(run, writer, i) {
	const records = Array.from({ length: RECORDS }, (_, k) =>
		({ id: `${writer}-${i}-${k}`, text: TEXT }));

	await run.operation({ operation: 'insert', table: 'load', records });
	run.writes++;
}

// One write after the other until one fails: when Harper ends.
async function writeOn(run, writer) {
	for (let i = 1; ; i++) await write(run, writer, i);
}

// Writes that are under way when Harper is told to end.
async function load(run) {
	await run.operation(
		{ operation: 'create_table', table: 'load', primary_key: 'id' });
	run.writes = 0;
	const writers = Array.from({ length: WRITERS }, (_, writer) => writer);
	await Promise.all(writers.map((writer) => write(run, writer, 0)));
	for (const writer of writers) writeOn(run, writer).catch(() => {});
	await sleep(LOADED);
}

/*
 * stubborn: something stays that does not hear SIGTERM, so that the address
 * must not be used again before its grace is over.  flush: by how many
 * milliseconds Harper's end is made longer; by itself it ends within 200 ms
 * under the load that a small machine can make.
 */
export const SERIES = [
	{ name: 'sleep', misbehave: (run) => run.get('/Sleeper') },
	{ name: 'rival', misbehave: (run) => run.get('/Rival'), stubborn: true },
	{ name: 'restart', misbehave: restart },
	{ name: 'write load', misbehave: load },
	{ name: 'slow flush', misbehave: load, flush: 400 },
];

// ---- cycles, suites, series ----

function furnish(dir) {
	const root = join(dir, 'root');

	mkdirSync(root, { recursive: true });
	cpSync(join(HERE, COMPONENTS[0]), join(root, 'components'),
		{ recursive: true });
	cpSync(join(HERE, COMPONENTS[1]), join(root, 'components/rival'),
		{ recursive: true });
}

/*
 * The data directory, as well as may be: a Harper or its copy that is still
 * ending, or that nobody ended, may fill it faster.
 */
async function remove(dir) {
	try {
		await rm(dir, { recursive: true, force: true, maxRetries: 3 });
	} catch (error) {
		if (error.code !== 'ENOTEMPTY') throw error;
	}
}

/*
 * One Harper on an address of the pool.  last: by address, the run before it
 * there.  What came of it: { run, before, company, listeners, tally, failure },
 * where company are the processes of the run before that were still there,
 * and listeners all that listened on its port, when it was ready.
 */
async function cycle(plan, name, last) {
	const ip = await plan.pool.take();
	const dir = join(plan.dir, name);
	const before = last.get(ip);
	const came = { before, company: [], tally: {}, failure: null };

	furnish(dir);
	came.run = new Run({ ...plan, ip, dir, notes: `${dir}.notes`,
		args: plan.args(ip) });
	last.set(ip, came.run);
	try {
		await came.run.started;
		came.company = before ? carriers(before.notes) : [];
		came.listeners = listening(ip, 9926);
		came.tally = await visits(came.run);
		await plan.series.misbehave(came.run);
	} catch (error) {
		came.failure = error;
	}
	await came.run.end();
	await plan.pool.give(ip);
	await remove(dir);
	return came;
}

async function suite(plan, number, last) {
	const cycles = [];

	for (let i = 0; i < plan.cycles; i++)
		cycles.push(await cycle(plan, `suite${number}-cycle${i}`, last));
	return cycles;
}

/*
 * Play one series; every cycle, when the last one is torn down.  plan:
 *
 *	series       one of SERIES
 *	runtime      the executable, as HARPER_RUNTIME names it
 *	pool         the addresses
 *	dir          where the data directories are made
 *	suites       how many at once
 *	cycles       how many in each suite
 *	args(ip)     more arguments for Harper
 *	environment  for the runtime
 */
export async function play(plan) {
	const last = new Map();
	const suites = Array.from({ length: plan.suites },
		(_, number) => suite(plan, number, last));

	await Promise.allSettled(suites); // a failed one does not end the others
	return (await Promise.all(suites)).flat();
}

// ---- what came of it ----

const strayed = ({ tally, failure }) =>
	failure !== null || tally.ours !== CONNECTIONS;

const crowded = ({ company, listeners }) =>
	company.length > 0 || listeners?.length > 1;

// Killed: it noted no exit, or it was the direct child, and SIGKILL ended that.
const cut = ({ run }) => run.noted.exit === undefined ||
	(run.noted.pid === run.pid && run.how === 'SIGKILL');

// From the SIGTERM until nobody has its stdout any more, in milliseconds.
const ending = ({ run }) => run.silent - run.termed;

// From the SIGTERM to one tenant to the start of the next, in milliseconds.
const gap = ({ run, before }) => run.noted.start - before?.termed;

function median(numbers) {
	const sorted = [...numbers].sort((a, b) => a - b);

	return sorted[Math.floor(sorted.length / 2)];
}

/*
 * The figures of cycles that are over, processes and all: how many of them
 *
 *	bad                       were answered by anybody else, or not at all
 *	stranger, hung, reset     ... and how: one cycle may be in several
 *	failed                    ... or did not get as far as being asked
 *	crowded                   had somebody else on their address
 *	cut                       ended by SIGKILL
 *
 * writes, the median of the writes that were done in one cycle,
 * and milliseconds: boot, the median from the runtime's start to Harper's
 * being ready; endings, from SIGTERM until Harper's stdout is closed; gaps,
 * from the SIGTERM to one tenant to the start of the next.
 */
export function figures(cycles) {
	const count = (is) => cycles.filter(is).length;

	return {
		cycles: cycles.length,
		bad: count(strayed),
		stranger: count(({ tally }) => tally.stranger > 0),
		hung: count(({ tally }) => tally.hung > 0),
		reset: count(({ tally }) => tally.reset > 0),
		failed: count(({ failure }) => failure !== null),
		crowded: count(crowded),
		cut: count(cut),
		boot: median(cycles.map(({ run }) => run.readied - run.begun)),
		writes: median(cycles.map(({ run }) => run.writes ?? 0)),
		endings: cycles.map(ending).filter(Number.isFinite),
		gaps: cycles.map(gap).filter(Number.isFinite),
	};
}
