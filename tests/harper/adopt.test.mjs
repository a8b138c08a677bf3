// SPDX-License-Identifier: ISC
// A harness that chooses the address itself: portlease adopts it.
import assert from 'node:assert/strict';
import { addressed, alive, GRACEFUL, listeners, missing, story }
	from './harper.mjs';

const IP = '127.0.0.5';
const WAIT = ['--wait', '180s']; // others may be testing on this address, too

story('Harper on an adopted address', async (stage, step) => {
	const args = addressed(IP);
	const first = stage.start('first',
		{ lease: [...WAIT, '--ip-arg', 'NODE_HOSTNAME'], args });
	await first.started;
	const who = await first.get('/WhoAmI', IP);

	await step('a client outside the lease reaches it', async () => {
		const told = await first.operation({ operation: 'get_configuration' });

		assert.equal(first.ip, IP);
		assert.equal(who.home, first.dir);
		assert.equal(told.rootPath, `${first.dir}/root`);
	});
	await step('all its listeners, 9933 too, are on that address', () => {
		const all = listeners(first.pids);

		assert.deepEqual(all.filter((socket) => socket.address !== IP), []);
		assert.deepEqual(missing(all.map((socket) => socket.port)), []);
	});
	await step('a second one waits until the first is gone', async () => {
		const second = stage.start('second',
			{ lease: [...WAIT, '--ip', IP], args, dir: first.dir });
		const early = second.says('stderr', /: leased/).then(() =>
			({ leased: true, firstAlive: alive(who.pid) }));

		await assert.rejects(stage.portlease(
			'run', '--wait', '0s', '--ip', IP, '--', 'true'), { code: 125 });
		assert.equal((await first.get('/WhoAmI', IP)).pid, who.pid);
		const { code, signal } = await first.stop();
		assert.deepEqual({ code, signal }, GRACEFUL);
		assert.deepEqual(await early, { leased: true, firstAlive: false });
		await second.started;
		assert.notEqual((await second.get('/WhoAmI', IP)).pid, who.pid);
		assert.equal((await second.stop()).code, GRACEFUL.code);
		assert.deepEqual(await stage.leases(), []);
	});
});
