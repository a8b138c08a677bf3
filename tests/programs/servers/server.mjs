// SPDX-License-Identifier: ISC
// server.mjs TOKEN: for Node and Bun: HTTP on every address (9926), TCP on
// 127.0.0.1 (9925), UDP (9927), and a child on 9932 that was given an empty
// environment and ends when its parent does.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const [, , token, role] = process.argv;

const line = (text, socket) => `${token} ${text} ${socket.remoteAddress} ` +
	`${socket.localAddress} ${socket.localPort}\n`;

function child() {
	net.createServer((socket) => socket.end(line('child', socket)))
		.listen(9932);
	process.stdin.on('end', () => process.exit(0)).resume();
}

function parent() {
	http.createServer((req, res) => res.end(line('http', req.socket)))
		.listen(9926);
	net.createServer((socket) => socket.end(line('net', socket)))
		.listen(9925, '127.0.0.1');

	const udp = dgram.createSocket('udp4');
	udp.on('message', (message, from) => udp.send(
		`${token} dgram ${from.address} ${udp.address().address}\n`,
		from.port, from.address));
	udp.bind(9927);

	spawn(process.execPath, [fileURLToPath(import.meta.url), token, 'child'],
		{ env: {}, stdio: ['pipe', 'inherit', 'inherit'] })
		.on('exit', () => process.exit(1));
}

if (role === 'child') child();
else parent();
