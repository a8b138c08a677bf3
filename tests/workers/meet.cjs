// SPDX-License-Identifier: ISC
/*
 * What each test of the recipes does: listen on PORT, wait until the others
 * have tried, too, and ask localhost for the name that it serves.
 */
'use strict';

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');

const { MEETING, PORT } = process.env;

// Says where it is, and returns when all are there: see meeting.mjs.
async function meet(round) {
	const socket = net.connect(MEETING);

	socket.write(`${round}\n`);
	await once(socket, 'data');
	socket.destroy();
}

function ask() {
	return new Promise((resolve, reject) => {
		http.get({ host: 'localhost', port: PORT, agent: false }, (answer) =>
			answer.setEncoding('utf8').on('data', resolve))
			.on('error', reject);
	});
}

async function serve(name) {
	const server = http.createServer((_, answer) => answer.end(name));
	let error, heard;

	try {
		server.listen(PORT, '127.0.0.1');
		await once(server, 'listening');
	} catch (e) {
		error = e;
	}
	await meet('tried');
	if (!error)
		heard = await ask();
	await meet('asked');
	server.close();
	if (error)
		throw error;
	if (heard !== name)
		throw new Error(`${name} was answered by ${heard}`);
}

module.exports = { meet, serve };
