// SPDX-License-Identifier: ISC
// What portlease is for: how two Harpers fare without it.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { addressed, GRACEFUL, listening, story } from './harper.mjs';

const ASKED = 40; // the chance that one of two answers them all: 2 in 2^40

/*
 * An address that nobody leases, and 9933 on it, too: on [::], where Harper
 * puts it by itself, it would take the port from every lease on the machine.
 */
function crowded() {
	const ip = `127.${randomInt(1, 64)}.${randomInt(1, 255)}.1`;
	const own = `--REPLICATION_SECUREPORT=${ip}:9933`;

	return { ip, args: [...addressed(ip), own] };
}

story('without a lease, two Harpers share their ports', async (stage) => {
	const { ip, args } = crowded();
	const both = ['a', 'b'].map((name) => stage.start(name, { args }));
	const homes = new Set();

	await Promise.all(both.map((harper) => harper.started));
	assert.deepEqual(listening(ip, 9926).sort(),
		both.map((harper) => harper.pid).sort());
	for (let i = 0; i < ASKED; i++)
		homes.add((await both[0].get('/WhoAmI', ip)).home);
	assert.deepEqual([...homes].sort(),
		both.map((harper) => harper.dir).sort());
	for (const harper of both) {
		const { code, signal } = await harper.stop();
		assert.deepEqual({ code, signal }, GRACEFUL);
	}
});
