// SPDX-License-Identifier: ISC
/*
 * Preloaded into Harper by the harness (node --require): notes when Harper
 * starts and when it exits by itself, in the file that HARNESS_NOTES names.
 * What SIGKILL ends before that notes no exit; an exit is noted when node
 * begins it, and what comes after goes unseen.  HARNESS_FLUSH makes Harper's
 * end as many milliseconds longer, like that of one that has much to write,
 * and the note comes after it.  The clock is CLOCK_MONOTONIC, which is the
 * same in every process.
 */
const { appendFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const file = process.env.HARNESS_NOTES;

function note(what) {
	const ms = Number(process.hrtime.bigint() / 1000n) / 1000;
	appendFileSync(file, `${what} ${process.pid} ${ms}\n`);
}

function flush() {
	const ms = Number(process.env.HARNESS_FLUSH);
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

if (isMainThread && file) {
	note('start');
	process.on('exit', () => {
		flush();
		note('exit');
	});
}
