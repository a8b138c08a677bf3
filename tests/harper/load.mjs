// SPDX-License-Identifier: ISC
/*
 * Sixteen real Harpers at once, on the same fixed ports, each in a lease of
 * its own: all must be ready, however long it takes on this machine, and none
 * may be called hung on the way.
 *
 *	HARPER_HOME=build/harper PORTLEASE=build/portlease \
 *		node tests/harper/load.mjs [how many]
 */
import assert from 'node:assert/strict';
import { carriers, GRACEFUL, Stage } from './harper.mjs';

const MANY = Number(process.argv[2] ?? 16);
const BOOT = 600_000; // milliseconds; a bound for this script, not for them
const LEASE = ['--ready-listen', '9925,9926', '--idle-limit', '20s'];

// The verdict of each, and after how many seconds of its own boot.
async function verdict(harper) {
	const [, word, text] = await harper.says('stderr',
		/^portlease: 127[\d.]+: (READY|EXITED|HUNG|SPINNING|CAPPED)\b(.*)/m,
		BOOT);

	console.log(`${harper.name}: ${word}${text}`);
	return word;
}

async function load(stage) {
	const begun = performance.now();
	const harpers = Array.from({ length: MANY },
		(_, i) => stage.start(`harper ${i + 1}`, { lease: LEASE }));

	for (const harper of harpers) harper.started.catch(() => {});
	const verdicts = await Promise.all(harpers.map(verdict));
	const seconds = (performance.now() - begun) / 1000;

	assert.deepEqual(verdicts, Array(MANY).fill('READY'));
	await Promise.all(harpers.map((harper) => harper.operation(
		{ operation: 'describe_all' })));
	const ends = await Promise.all(harpers.map((harper) => harper.stop()));
	for (const { code, signal } of ends)
		assert.deepEqual({ code, signal }, GRACEFUL);
	assert.deepEqual(carriers(stage.dir), []);
	assert.deepEqual(await stage.leases(), []);
	console.log(`${MANY} of ${MANY} READY within ${seconds.toFixed(1)} s`);
}

const stage = new Stage();

try {
	await stage.telling(() => load(stage));
} finally {
	stage.strike();
}
