// SPDX-License-Identifier: ISC
// {operation: 'restart'}: Harper starts a detached copy of itself and exits.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { alive, GRACEFUL, missing, story, strays } from './harper.mjs';

const AGAIN = 120_000; // milliseconds until it answers again
const PAUSE = 100; // milliseconds between two questions

/*
 * The copy is detached, and what its starter says on stdout comes before it
 * listens: so ask until another process than before answers.
 */
async function successor(harper, before) {
	const end = Date.now() + AGAIN;

	while (Date.now() < end) {
		const who = await harper.get('/WhoAmI').catch(() => null);
		if (who && who.pid !== before) return who;
		await sleep(PAUSE);
	}
	throw new Error(`nobody but pid ${before} answered on ${harper.ip}`);
}

story('a restarted Harper stays in its lease', async (stage, step) => {
	const harper = stage.start('restarted', { lease: ['--until', 'tree'] });
	await harper.started;
	const before = await harper.get('/WhoAmI');
	const [lease] = await stage.leases();
	let after;

	await step('it comes back on the leased address', async () => {
		await harper.operation({ operation: 'restart' });
		after = await successor(harper, before.pid);
		assert.equal(after.home, harper.dir);
		assert.ok(!alive(before.pid), 'the first one is still there');
		await harper.operation({ operation: 'get_configuration' });
	});
	await step('and inside on localhost', async () =>
		assert.deepEqual(await stage.inside(
			harper.ip, 'http://localhost:9926/WhoAmI'), after));
	await step('with the same record', async () => {
		const [now, ...others] = await stage.leases();
		const known = now.sockets
			.filter((socket) => socket.opened?.pid === after.pid);

		assert.deepEqual(others, []);
		assert.deepEqual([now.address, now.record, now.monitor],
			[lease.address, lease.record, lease.monitor]);
		assert.deepEqual(missing(known.map((socket) => socket.port)), []);
	});
	await step('no socket outside its slice', () => {
		assert.ok(harper.pids.includes(after.pid));
		assert.deepEqual(strays(harper.pids, harper.slice), []);
	});
	await step('it is ended with the lease', async () => {
		const { code, signal } = await harper.stop();

		assert.deepEqual({ code, signal }, GRACEFUL);
		assert.ok(!alive(after.pid));
		assert.match(harper.stderr, /: (CLEAN|COOLING): /);
		assert.deepEqual(await stage.leases(), []);
	});
});
