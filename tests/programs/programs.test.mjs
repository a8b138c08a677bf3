// SPDX-License-Identifier: ISC
/*
 * Real programs: natively and in a lease, with the same clients and the same
 * answers; then four copies at once, on the same fixed ports, natively and in
 * four leases.
 *
 *	PORTLEASE=build/portlease BUILT=build/programs \
 *		node --test tests/programs/*.test.mjs
 *
 * `make check-programs` sees to both.  PROGRAMS="nginx bun" runs these alone.
 *
 * A program is a file in rows/; row.sh says what is in one.  Natively is in a
 * network namespace, so that a fixed port is free and disturbs nobody.
 */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync,
	readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kill, Leased, Native, nap, run, within } from './copy.mjs';
import { Namespace } from './namespace.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin';
const ROOT = process.getuid() === 0;
const NOBODY = 65534;
const COPIES = 4;
const LOSE = 20_000; // milliseconds until a copy has noticed
const STORY = 240_000; // milliseconds

function required(name) {
	if (!process.env[name])
		throw new Error(`${name} is not set: try 'make check-programs'`);
	return resolve(process.env[name]);
}

const portlease = required('PORTLEASE');
const built = required('BUILT');

// The values of "#: key values" in a row.
function keys(file) {
	const found = { needs: '', ports: '', until: 'main', user: '',
		udp: '', natively: 'fails', says: '', options: '' };

	for (const [, key, value] of
			readFileSync(file, 'utf8').matchAll(/^#: (\w+) (.*)$/gm)) {
		assert.ok(key in found, `${file}: '${key}' means nothing`);
		found[key] = value;
	}
	return found;
}

const words = (text) => text.split(/\s+/).filter(Boolean);

class Row {
	constructor(name) {
		const k = keys(join(HERE, 'rows', name));

		this.name = basename(name, '.sh');
		this.needs = words(k.needs).map((n) => n.replace('$BUILT', built));
		this.tcp = words(k.ports);
		this.ports = [...this.tcp, ...words(k.udp)].map(Number);
		this.options = words(k.options);
		this.until = k.until;
		this.shares = k.natively === 'shares';
		this.says = k.says && new RegExp(k.says);
		this.lowered = ROOT && k.user === 'ordinary';
		this.programs = HERE;
		this.portlease = portlease;
	}

	missing() {
		return this.needs.filter((need) => need.startsWith('/')
			? !existsSync(need)
			: !PATH.split(':').some((dir) => existsSync(join(dir, need))));
	}

	// A scratch directory, and what another user cannot reach where it is.
	async open() {
		this.dir = mkdtempSync(join(tmpdir(), 'portlease-programs-'));
		chmodSync(this.dir, 0o755);
		this.give(this.dir);
		if (this.lowered) {
			this.programs = join(this.dir, 'programs');
			this.portlease = join(this.dir, 'portlease');
			cpSync(HERE, this.programs, { recursive: true });
			cpSync(portlease, this.portlease);
			cpSync(join(dirname(portlease), 'libportlease.so'),
				join(this.dir, 'libportlease.so'));
		}
		mkdirSync(join(this.dir, 'leases'), { mode: 0o700 });
		this.give(join(this.dir, 'leases'));
		const once = this.as(this.command('once'));
		const { status, stderr } = await run(once,
			{ cwd: this.dir, env: this.environment('none') });
		assert.equal(status, 0, stderr);
	}

	close() {
		rmSync(this.dir, { recursive: true, force: true });
	}

	give(path) {
		if (this.lowered) chownSync(path, NOBODY, NOBODY);
	}

	as(command) {
		return this.lowered
			? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`,
				'--clear-groups', ...command]
			: command;
	}

	command(what) {
		return ['sh', join(this.programs, 'rows', `${this.name}.sh`), what];
	}

	environment(token) {
		return { PATH, HOME: this.dir, TMPDIR: this.dir, LC_ALL: 'C',
			PORTLEASE_DIR: join(this.dir, 'leases'),
			PROGRAMS: this.programs, BUILT: built, TOKEN: token };
	}
}

const each = (copies, what) => Promise.all(copies.map(what));

// Natively, alone: what its clients see, and how it ends.
async function natively(row, namespace) {
	const copy = new Native(row, 'native', namespace);

	await copy.ready();
	const seen = await copy.check();
	return { seen, ended: await copy.stop() };
}

// Natively, all at once: the second copy fails, or nobody knows who answers.
async function nativelyAtOnce(row, namespace) {
	const copies = [new Native(row, 'native-0', namespace)];
	let passed = 0;

	await copies[0].ready();
	while (copies.length < COPIES)
		copies.push(
			new Native(row, `native-${copies.length}`, namespace));
	if (!row.shares) await losers(copies);
	for (const copy of copies)
		await copy.check().then(() => passed++, () => {});
	if (row.shares)
		assert.ok(passed < COPIES, 'natively nothing went wrong');
	else
		assert.equal(passed, 1);
}

async function losers(copies) {
	const deadline = Date.now() + LOSE;
	const lost = () =>
		copies.filter((copy) => copy.ended && copy.ended.code !== 0);

	while (lost().length < COPIES - 1 && Date.now() < deadline) await nap();
	assert.equal(lost().length, COPIES - 1, 'several copies run natively\n' +
		copies.map((copy) => copy.story()).join('\n'));
}

// Everything that listens is in its slice, and all of the ports are.
async function staysInside(copy) {
	const found = await copy.listeners();
	const ports = found.map((s) => s.port);

	assert.deepEqual(found.filter((s) => !s.address.startsWith(copy.slice))
		.map((s) => s.line), []);
	assert.deepEqual(copy.row.ports.filter((p) => !ports.includes(p)), []);
}

// The end is the program's own, and nothing is left.
async function ends(copy, native) {
	const ended = await copy.stop();

	if (native) assert.deepEqual(ended, native.ended, copy.story());
	assert.match(copy.verdict, /^(CLEAN|COOLING)$/, copy.story());
	assert.doesNotMatch(copy.said, /straggler|unrecorded/);
	if (copy.row.says) assert.match(copy.said, copy.row.says);
	else assert.doesNotMatch(copy.said, /uncovered/);
}

async function leased(row, count, native) {
	const copies = Array.from({ length: count },
		(_, n) => new Leased(row, `leased-${count}-${n}`));

	try {
		await each(copies, (copy) => copy.ready());
		assert.equal(new Set(copies.map((copy) => copy.slice)).size, count);
		await each(copies, staysInside);
		const seen = await each(copies, (copy) => copy.check());
		await each(copies, staysInside);
		for (const text of native ? seen : [])
			assert.equal(text, native.seen);
		await each(copies, (copy) => ends(copy, native));
	} finally {
		await each(copies, abandon);
	}
}

// After a failure: portlease ends what runs in there when it is asked to.
async function abandon(copy) {
	if (copy.ended) return;
	kill(copy.child.pid, 'SIGTERM');
	await within(LOSE, 'the end', copy.exited)
		.catch(() => kill(copy.child.pid, 'SIGKILL'));
}

// With a namespace of its own; without, the reason why there is none.
async function inNamespace(t, row, what) {
	let namespace;

	try {
		namespace = await Namespace.open();
	} catch (error) {
		t.diagnostic(`${row.name}: not run natively: ${error.message}`);
		t.skip(error.message);
		return null;
	}
	try {
		return await what(row, namespace);
	} finally {
		await namespace.close();
	}
}

async function story(t, row) {
	const missing = row.missing();
	let native = null;

	assert.deepEqual(missing, [], `${row.name}: not installed: ` +
		`${missing.join(' ')}: try 'make deps-programs check-programs'`);
	await row.open();
	try {
		await t.test('natively', async (t) =>
			native = await inNamespace(t, row, natively));
		await t.test('in a lease', () => leased(row, 1, native));
		await t.test('four natively', (t) =>
			inNamespace(t, row, nativelyAtOnce));
		await t.test('four in leases', () => leased(row, COPIES, native));
	} finally {
		row.close();
	}
}

// The rows that were asked for, or all that this portlease can run.
function chosen() {
	const asked = words(process.env.PROGRAMS ?? '');
	const all = readdirSync(join(HERE, 'rows')).filter((f) => f.endsWith('.sh'));

	for (const name of asked)
		assert.ok(all.includes(`${name}.sh`), `there is no row '${name}'`);
	return all.filter((file) =>
		asked.length === 0 || asked.includes(basename(file, '.sh')));
}

describe('programs', { concurrency: 2 }, () => {
	for (const file of chosen()) {
		const row = new Row(file);
		test(row.name, { timeout: STORY }, (t) => story(t, row));
	}
});
