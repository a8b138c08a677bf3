// SPDX-License-Identifier: ISC
/*
 * Where tests in several processes wait for each other: they connect to a Unix
 * socket, say the name of a round, and are answered when all have done so.
 */
import { once } from 'node:events';
import net from 'node:net';

export class Meeting {
	#rounds = new Map();
	#server;

	constructor(size) {
		this.size = size;
	}

	async open(path) {
		this.#server = net.createServer((socket) => {
			socket.on('error', () => {});
			socket.once('data', (name) => {
				this.#arrive(String(name).trim(), socket);
			});
		});
		this.#server.listen(path);
		await once(this.#server, 'listening');
	}

	#round(name) {
		if (!this.#rounds.has(name))
			this.#rounds.set(name, { waiting: [], wake: [] });
		return this.#rounds.get(name);
	}

	#arrive(name, socket) {
		const { waiting, wake } = this.#round(name);

		waiting.push(socket);
		for (const resolve of wake.splice(0))
			resolve();
		if (waiting.length === this.size)
			this.#answer(waiting);
	}

	#answer(waiting) {
		for (const socket of waiting.splice(0))
			socket.end('go\n');
	}

	// Until one has come to a round.
	async visited(name) {
		const { waiting, wake } = this.#round(name);

		if (waiting.length === 0)
			await new Promise((resolve) => wake.push(resolve));
	}

	// Those who wait are not to wait for others any longer.
	release() {
		this.size = 1;
		for (const { waiting } of this.#rounds.values())
			this.#answer(waiting);
	}

	close() {
		this.release();
		this.#server.close();
	}
}
