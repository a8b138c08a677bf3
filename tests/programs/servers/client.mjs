// SPDX-License-Identifier: ISC
// client.mjs: asks everything of server.mjs; one line for each answer.
import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';

const PATIENCE = 20_000; // milliseconds

setTimeout(() => {
	console.error('client.mjs: no answer');
	process.exit(1);
}, PATIENCE).unref();

const get = (host, port) => new Promise((done, failed) => {
	http.get({ host, port, agent: false }, (res) => {
		const ends = `${res.socket.localAddress} ${res.socket.remoteAddress}`;
		let said = '';
		res.setEncoding('utf8');
		res.on('data', (text) => said += text);
		res.on('end', () => done(`${said.trim()} | ${ends}`));
	}).on('error', failed);
});

const call = (host, port) => new Promise((done, failed) => {
	const socket = net.connect(port, host);
	let said = '';
	let ends;
	socket.on('connect', () =>
		ends = `${socket.localAddress} ${socket.remoteAddress}`);
	socket.setEncoding('utf8');
	socket.on('data', (text) => said += text);
	socket.on('close', () => done(`${said.trim()} | ${ends}`));
	socket.on('error', failed);
});

const send = (host, port) => new Promise((done, failed) => {
	const socket = dgram.createSocket('udp4');
	socket.on('error', failed);
	socket.on('message', (message, from) => {
		done(`${message.toString().trim()} | ${from.address} ${from.port}`);
		socket.close();
	});
	socket.send('who', port, host);
});

for (const host of ['127.0.0.1', '::1', 'localhost'])
	console.log(await get(host, 9926));
console.log(await call('127.0.0.1', 9925));
console.log(await send('127.0.0.1', 9927));
for (const host of ['127.0.0.1', '::1'])
	console.log(await call(host, 9932));
