// SPDX-License-Identifier: ISC
/*
 * A network namespace of our own, with nothing but its loopback, for programs
 * that are to run as if portlease did not exist.  It needs root or user
 * namespaces.  A shell holds it, and when its standard input ends, which it
 * does with us too, it kills what else is in there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const ROOT = process.getuid() === 0;
const UNSHARE = ROOT ? ['-n'] : ['-c', '-n', '--keep-caps'];
const ENTER = ROOT ? ['-n'] : ['-U', '-n', '--preserve-credentials'];

const HOLDER = `
ip link set lo up && echo up || exit
read -r _
ours=$(readlink /proc/self/ns/net)
left=1
while [ "$left" ]; do
	left=
	for p in /proc/[0-9]*; do
		[ "$p" = "/proc/$$" ] && continue
		[ "$(readlink "$p/ns/net")" = "$ours" ] || continue
		kill -KILL "\${p#/proc/}" && left=1
	done
done 2>/dev/null
`;

export class Namespace {
	#holder;

	// Opened, or rejected with what unshare(1) said.
	static async open() {
		const n = new Namespace();
		let said = '';

		n.#holder = spawn('unshare', [...UNSHARE, 'sh', '-c', HOLDER],
			{ stdio: ['pipe', 'pipe', 'pipe'] });
		n.#holder.stderr.setEncoding('utf8').on('data', (s) => said += s);
		const up = await Promise.race([
			once(n.#holder.stdout, 'data'),
			once(n.#holder, 'close'),
		]);
		if (!String(up[0]).startsWith('up'))
			throw new Error(said.trim() || 'unshare failed');
		return n;
	}

	// This command, inside.
	inside(command) {
		return ['nsenter', '-t', String(this.#holder.pid), ...ENTER, '--',
			...command];
	}

	async close() {
		const closed = once(this.#holder, 'exit');

		this.#holder.stdin.end();
		await closed;
	}
}
