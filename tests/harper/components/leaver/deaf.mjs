// SPDX-License-Identifier: ISC
// Listens on 9932, says so, and does not hear SIGTERM.
import { createServer } from 'node:net';

process.on('SIGTERM', () => {});
createServer().listen(9932, '127.0.0.1', () => console.log('listening'));
