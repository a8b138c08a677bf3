// SPDX-License-Identifier: ISC
/*
 * Listens where Harper does, with SO_REUSEPORT, says so, answers whoever the
 * kernel sends it, and does not hear SIGTERM.  Node 20 has no reusePort: the
 * socket is made as Harper makes its own.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { HARPER_HOME, NODE_HOSTNAME } = process.env;
const { createReuseportFd } =
	createRequire(join(HARPER_HOME, 'package.json'))('node-unix-socket');

process.on('SIGTERM', () => {});
createServer((req, res) => res.end(JSON.stringify({ home: 'rival' })))
	.listen({ fd: createReuseportFd(9926, NODE_HOSTNAME) },
		() => console.log('listening'));
