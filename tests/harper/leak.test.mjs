// SPDX-License-Identifier: ISC
// Components that leave processes behind, which hold Harper's ports.
import assert from 'node:assert/strict';
import { alive, GRACEFUL, listeners, missing, story } from './harper.mjs';

const GRACE = 2000; // milliseconds
const SLACK = 5000; // milliseconds, for the proof on a crowded machine

// What is said of this process: command line, end, and who opened which ports.
function straggler(harper, pid) {
	const line = new RegExp(
		`^portlease: ${harper.ip}: straggler: pid ${pid} \\((.*?)\\), ` +
		'(held port .*); (ended .*)$', 'm',
	).exec(harper.stderr);

	assert.ok(line, `pid ${pid} was not named`);
	const held = line[2].matchAll(/held port ([\d, ]+) \(opened by (.*?)\)/g);
	const opened = Array.from(held, ([, ports, opener]) =>
		({ opener, ports: ports.split(', ').map(Number) }));

	return { command: line[1], end: line[3], opened };
}

// Which ports this opener is said to have opened.
const ports = (named, opener) => named.opened
	.filter((group) => opener.test(group.opener))
	.flatMap((group) => group.ports);

async function sleeper(stage) {
	const harper = stage.start('sleeper', { lease: ['--on-leak', 'fail'] });
	await harper.started;
	const harperPid = (await harper.get('/WhoAmI')).pid;
	const { pid } = await harper.get('/Sleeper');
	const inherited = listeners([pid]).map((socket) => socket.port);

	assert.deepEqual(missing(inherited), []);
	const { code, signal } = await harper.stop();
	const named = straggler(harper, pid);
	assert.deepEqual({ code, signal }, { code: 123, signal: null });
	assert.equal(named.command, 'sleep 600');
	assert.deepEqual(missing(ports(named,
		new RegExp(`^pid ${harperPid}, .*node`))), []);
	assert.equal(named.end, 'ended by SIGTERM');
	assert.ok(!alive(pid));
	assert.deepEqual(await stage.leases(), []);
}

async function deaf(stage) {
	const harper = stage.start('deaf', { lease: ['-g', `${GRACE}ms`] });
	await harper.started;
	const { pid } = await harper.get('/Deaf');

	assert.ok(listeners([pid]).some((socket) =>
		socket.address === harper.ip && socket.port === 9932));
	const { code, signal, ms } = await harper.stop();
	const named = straggler(harper, pid);
	assert.deepEqual({ code, signal }, GRACEFUL);
	assert.match(named.command, /deaf\.mjs$/);
	assert.deepEqual(ports(named, /^itself$/), [9932]);
	assert.equal(named.end, 'ended by SIGKILL');
	assert.ok(ms < GRACE + SLACK, `it took ${ms} ms`);
	assert.ok(!alive(pid));
	assert.deepEqual(await stage.leases(), []);
}

story('a sleep that inherited the listeners is ended and named', sleeper);
story('a detached listener that ignores SIGTERM is ended with the grace', deaf);
