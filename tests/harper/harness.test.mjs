// SPDX-License-Identifier: ISC
/*
 * A harness with a pool of its own, which gives an address back 200 ms after
 * SIGTERM: what becomes of its Harpers with node as the runtime, and with
 * portlease-runtime.  Two suites at once; HARNESS_CYCLES in each (3).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { figures, play, Pool, SERIES } from './harness.mjs';
import { carriers, Stage } from './harper.mjs';

const SUITES = 2;
const CYCLES = Math.max(2, Number(process.env.HARNESS_CYCLES ?? 3));
const SHIPPED = fileURLToPath(
	new URL('../../tools/portlease-runtime', import.meta.url));
const GRACE = 10_000; // milliseconds, portlease's default
const WAIT = '60s'; // for the last lease on an address
const LAST = 5000; // milliseconds for the last process, once it is freed
const KEPT = ['PATH', 'LANG', 'LD_LIBRARY_PATH'];

const table = [];

// In 127/8, and not where portlease leases.
function address() {
	const first = [randomInt(1, 64), randomInt(128, 255)][randomInt(2)];

	return `127.${first}.${randomInt(256)}.${randomInt(2, 255)}`;
}

/*
 * The two runtimes.  Harper puts 9933 on [::] by itself; natively that would
 * take the port from every lease on the machine.
 */
const RUNTIMES = [
	{
		name: 'node',
		command: process.execPath,
		args: (ip) => [`--REPLICATION_SECUREPORT=${ip}:9933`],
	},
	{
		name: 'portlease-runtime',
		command: process.env.HARPER_RUNTIME ?? SHIPPED,
		args: () => [],
		leases: true,
	},
];

function environment(stage) {
	const kept = KEPT.filter((name) => name in process.env)
		.map((name) => [name, process.env[name]]);

	return {
		...Object.fromEntries(kept),
		PORTLEASE: process.env.PORTLEASE,
		PORTLEASE_DIR: stage.state,
	};
}

// The sockets on this address that somebody may still have.
const sockets = (ip) => execFileSync('ss', ['-Htuna', 'src', ip],
	{ encoding: 'utf8' }).split('\n')
	.filter((line) => line && !line.includes('TIME-WAIT'));

// Each in the time that its own proof takes: the last tenant's is waited for.
const freed = (stage, addresses) => Promise.all(addresses.map((ip) =>
	stage.portlease('run', '--wait', WAIT, '--ip', ip, '--', 'true')));

/*
 * A monitor frees its address and exits: the one can be waited for, the other
 * is no event for somebody who is not its parent.
 */
async function deserted(stage) {
	const end = Date.now() + LAST;

	while (carriers(stage.dir).length > 0 && Date.now() < end)
		await sleep(20);
}

async function perform(stage, series, runtime) {
	const addresses = [address(), address()];
	const cycles = await play({
		series,
		runtime: runtime.command,
		pool: new Pool(join(stage.dir, 'pool.json'), addresses),
		dir: stage.dir,
		suites: SUITES,
		cycles: CYCLES,
		args: runtime.args,
		environment: environment(stage),
	});

	if (runtime.leases) {
		await freed(stage, addresses);
		await deserted(stage);
	}
	return {
		...figures(cycles),
		processes: carriers(stage.dir).length,
		sockets: addresses.flatMap(sockets),
		leases: runtime.leases ? await stage.leases() : [],
		complaints: cycles.flatMap(({ run, failure }) => [
			...failure ? [`${run.dir}: ${failure.message}`] : [],
			...run.said(/^portlease: .*(HELD|UNKNOWN)/),
		]),
	};
}

function judge(found, series) {
	assert.deepEqual(found.complaints, []);
	for (const none of ['bad', 'crowded', 'cut', 'processes'])
		assert.equal(found[none], 0, none);
	assert.deepEqual(found.sockets, []);
	assert.deepEqual(found.leases, []);
	if (series.stubborn)
		assert.ok(Math.min(...found.gaps) >= GRACE, 'its grace was cut');
}

function row(series, runtime, found) {
	const seconds = (ms) => (ms / 1000).toFixed(2);

	return {
		series: series.name,
		runtime: runtime.name,
		...Object.fromEntries(['cycles', 'bad', 'stranger', 'hung', 'reset',
			'failed', 'crowded', 'cut', 'processes']
			.map((name) => [name, found[name]])),
		sockets: found.sockets.length,
		writes: found.writes,
		'boot s': seconds(found.boot),
		'closed s': found.endings.map(seconds).join(' '),
		'gaps s': found.gaps.map(seconds).join(' '),
	};
}

const byRuntime = (a, b) => a.runtime.localeCompare(b.runtime);

async function story(series, runtime) {
	const stage = new Stage();

	try {
		const found = await perform(stage, series, runtime);
		table.push(row(series, runtime, found));
		for (const line of found.complaints) console.log(line);
		if (runtime.leases) judge(found, series);
	} finally {
		stage.strike();
	}
}

// Both runtimes at once: much of the time goes by in waiting.
for (const series of SERIES)
	test(series.name, { concurrency: RUNTIMES.length }, (t) =>
		Promise.all(RUNTIMES.map((runtime) =>
			t.test(`with ${runtime.name}`, () => story(series, runtime)))));

// Else the rows above would show nothing.
test('with node the same harness has bad cycles, and cuts Harpers', () => {
	const native = table.filter((one) => one.runtime === 'node');

	assert.ok(native.some((one) => one.bad > 0));
	assert.ok(native.some((one) => one.cut > 0));
});

after(() => console.table(table.sort(byRuntime)));
