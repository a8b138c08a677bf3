// SPDX-License-Identifier: ISC
/*
 * A Harper application that leaves processes behind, on request, because only
 * then does Harper have the listeners that a child inherits: GET /Sleeper,
 * GET /Deaf; both answer with the child's pid.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class Sleeper extends Resource {
	get() {
		return { pid: spawn('sleep', ['600'], { stdio: 'ignore' }).pid };
	}
}

// In a session of its own; answers when it listens.
export class Deaf extends Resource {
	async get() {
		const script = fileURLToPath(new URL('deaf.mjs', import.meta.url));
		const child = spawn(process.execPath, [script], {
			detached: true,
			stdio: ['ignore', 'pipe', 'ignore'],
		});
		await once(child.stdout, 'data');
		return { pid: child.pid };
	}
}
