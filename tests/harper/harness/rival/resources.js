// SPDX-License-Identifier: ISC
/*
 * A Harper application with a worker that shares Harper's port and outlives
 * it: GET /Rival starts it, and answers when it listens.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class Rival extends Resource {
	async get() {
		const script = fileURLToPath(new URL('rival.mjs', import.meta.url));
		const child = spawn(process.execPath, [script], {
			stdio: ['ignore', 'pipe', 'ignore'],
		});
		await once(child.stdout, 'data');
		return { pid: child.pid };
	}
}
