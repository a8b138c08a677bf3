// SPDX-License-Identifier: ISC
/*
 * The recipes of tools/npm/README.md with the real runners: three workers
 * listen on one fixed port.  Without the recipe's line two of them cannot; with
 * it all three pass.  `make check-workers`.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Meeting } from './meeting.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const { BUILT } = process.env;
const PATIENCE = 120_000; // milliseconds that a runner may take
const NAMES = ['one', 'two', 'three'];
const BIN = join(BUILT, 'node_modules/.bin');
const SERVE = JSON.stringify(join(HERE, 'meet.cjs'));

// One test a file, for runners that have test() or it() as a global.
const globals = (call) => (name) =>
	`${call}('${name}', () => require(${SERVE}).serve('${name}'));\n`;

const recipes = {
	jest: {
		suffix: '.test.js',
		body: globals('test'),
		config: { 'jest.config.js': (on) =>
			`${on ? "require('portlease/worker');\n" : ''}` +
			'module.exports = {};\n' },
		// Fast files, if jest knows them, share the first process.
		run: () => [join(BIN, 'jest'), '-w', '3', '--no-cache',
			'--cacheDirectory=cache', `--testTimeout=${PATIENCE}`],
		passed: /Tests: +3 passed, 3 total/,
	},
	vitest: {
		suffix: '.test.js',
		body: (name) => "import { test } from 'vitest';\n" +
			`import meet from ${SERVE};\n` +
			`test('${name}', () => meet.serve('${name}'));\n`,
		config: { 'vitest.config.mjs': (on) =>
			`${on ? "import 'portlease/worker';\n" : ''}` +
			"export default { test: { pool: 'forks',\n" +
			'	minWorkers: 3, maxWorkers: 3 } };\n' },
		run: () => [join(BIN, 'vitest'), 'run', `--testTimeout=${PATIENCE}`],
		passed: /Tests +3 passed \(3\)/,
	},
	mocha: {
		suffix: '.test.js',
		body: globals('it'),
		run: (on) => [join(BIN, 'mocha'), ...on ? ['-r', 'portlease/worker'] : [],
			'--parallel', '--jobs', '3', '--timeout', PATIENCE, '*.test.js'],
		passed: /3 passing/,
	},
	'node:test': {
		suffix: '.test.js',
		body: (name) => "const test = require('node:test');\n" +
			globals('test')(name),
		run: (on) => [process.execPath,
			...on ? ['-r', 'portlease/worker'] : [], '--test',
			'--test-concurrency=3'],
		passed: /# pass 3\n/,
	},
	'pytest-xdist': {
		suffix: '_test.py',
		body: (name) => `import meet\ndef test_it():\n\tmeet.serve('${name}')\n`,
		run: (on) => ['python3', '-m', 'pytest', '-d', '--tx', on
			? '3*popen//python=portlease run -- python3'
			: '3*popen'],
		// Debian's Python, which has pytest
		env: { PYTHONPATH: HERE, PATH: `/usr/bin:${process.env.PATH}` },
		passed: /3 passed/,
	},
};

async function freePort() {
	const server = net.createServer().listen(0, '127.0.0.1');
	let port;

	await once(server, 'listening');
	({ port } = server.address());
	server.close();
	await once(server, 'close');
	return port;
}

// A directory of a test, with these files, in which 'portlease' is found.
function scratch(t, files) {
	const dir = mkdtempSync(join(BUILT, 'run-'));

	t.after(() => rmSync(dir, { recursive: true, force: true }));
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(dirname(join(dir, name)), { recursive: true });
		writeFileSync(join(dir, name), text);
	}
	return dir;
}

async function meeting(t, size) {
	const dir = mkdtempSync(join(tmpdir(), 'meeting-'));
	const found = new Meeting(size);

	found.path = join(dir, 'socket');
	await found.open(found.path);
	t.after(() => {
		found.close();
		rmSync(dir, { recursive: true, force: true });
	});
	return found;
}

function start(command, dir, env) {
	const { NODE_TEST_CONTEXT: _, ...clean } = process.env;
	const child = spawn(command[0], command.slice(1).map(String), { cwd: dir,
		env: { ...clean, CI: '1', NO_COLOR: '1', ...env },
		stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE });
	let said = '';

	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text) => { said += text; });
	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (status, signal) =>
			resolve({ status: status ?? signal, said }));
	});
}

// The leases that are there, of those that a test can have made.
async function leases(dir) {
	const { said } = await start(['portlease', 'ps'], dir,
		{ PORTLEASE_DIR: dir });

	return said;
}

async function play(t, recipe, on) {
	const files = {};
	const meet = await meeting(t, NAMES.length);
	let dir, ended;

	for (const [name, text] of Object.entries(recipe.config ?? {}))
		files[name] = text(on);
	for (const name of NAMES)
		files[name + recipe.suffix] = recipe.body(name);
	dir = scratch(t, files);
	ended = await start(recipe.run(on), dir, { ...recipe.env,
		MEETING: meet.path, PORT: await freePort(), PORTLEASE_DIR: dir });
	return { ...ended, left: await leases(dir) };
}

for (const [name, recipe] of Object.entries(recipes))
	test(name, async (t) => {
		const native = await play(t, recipe, false);
		const leased = await play(t, recipe, true);

		assert.notEqual(native.status, 0, native.said);
		assert.match(native.said, /EADDRINUSE|Address already in use/);
		assert.equal(leased.status, 0, leased.said);
		assert.match(leased.said, recipe.passed);
		assert.equal(leased.left, '');
	});

/*
 * Two runs of one suite of Playwright, which starts a server on a fixed port
 * and asks it, without a browser.
 */
const playwright = {
	'playwright.config.js': 'module.exports = { webServer: {\n' +
		"	command: 'node server.js',\n" +
		'	url: `http://localhost:${process.env.PORT}/`,\n' +
		'} };\n',
	'server.js': "require('node:http').createServer((_, answer) =>\n" +
		'	answer.end(process.env.WHO)).listen(process.env.PORT);\n',
	'ask.spec.js': "const { test, expect } = require('@playwright/test');\n" +
		"test('own server', async ({ request }) => {\n" +
		`	await require(${SERVE}).meet('up');\n` +
		'	const answer = await request.get(\n' +
		'		`http://localhost:${process.env.PORT}/`);\n' +
		'	expect(await answer.text()).toBe(process.env.WHO);\n' +
		`	await require(${SERVE}).meet('asked');\n` +
		'});\n',
};

async function twice(t, prefix, first) {
	const meet = await meeting(t, 2);
	const port = await freePort();
	const suite = (who) => start([...prefix(port), join(BIN, 'playwright'),
		'test'], scratch(t, playwright),
		{ MEETING: meet.path, PORT: port, WHO: who });
	const one = suite('one');

	await first(meet);
	return Promise.all([one, suite('two').then((ended) => {
		meet.release();
		return ended;
	})]);
}

test('Playwright', async (t) => {
	const up = (meet) => meet.visited('up');
	const native = await twice(t, () => [], up);
	const leased = await twice(t,
		(port) => ['portlease', 'run', '-p', port, '--'], up);

	assert.match(native[0].said, /1 passed/);
	assert.notEqual(native[1].status, 0);
	assert.match(native[1].said, /is already used/);
	for (const { said, status } of leased) {
		assert.equal(status, 0, said);
		assert.match(said, /1 passed/);
	}
});

const ADDRESS = ['-p', 'String(process.env.PORTLEASE_IP)'];
const node = (dir, script, env) => start([process.execPath, '-r',
	'portlease/worker', '-e', script], dir, env);

test('what is no worker is in no lease', async (t) => {
	const { said } = await node(scratch(t, {}),
		"require('child_process').execFileSync(process.execPath, " +
		`${JSON.stringify(ADDRESS)}, { stdio: 'inherit' })`, {});

	assert.equal(said, 'undefined\n');
});

test('another runner, and options of its leases', async (t) => {
	const file = 'other/runner.js';
	const dir = scratch(t, { [file]:
		'console.log(process.env.PORTLEASE_NAME, process.argv[1])' });
	const { said } = await node(dir,
		"require('child_process').fork(process.env.FILE)",
		{ FILE: join(dir, file), PORTLEASE_WORKER_FILE: '*/other/*.js',
			PORTLEASE_OPTIONS: `--name worker-${process.pid}` });

	assert.equal(said, `worker-${process.pid} ${join(dir, file)}\n`);
});

test('where portlease is looked for', async (t) => {
	const dir = scratch(t, {});
	const show = 'console.log(process.env.PORTLEASE_BIN)';
	const none = await node(dir, show, { PATH: '/nowhere' });
	const wrong = await node(dir, show, { PORTLEASE_BIN: '/no/portlease' });
	const told = await node(dir, show, { PORTLEASE_BIN: '/bin/true' });
	const found = await node(dir, show, {});

	assert.match(none.said, /portlease is not in PATH/);
	assert.match(wrong.said, /PORTLEASE_BIN: \/no\/portlease is no program/);
	assert.equal(told.said, '/bin/true\n');
	assert.match(found.said, /\/portlease\n$/);
});
