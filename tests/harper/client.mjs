// SPDX-License-Identifier: ISC
/*
 * A client of Harper: one request on a connection of its own, so that no kept
 * connection outlives the server or hides which server answered.
 *
 * As a program (`node client.mjs URL [JSON]`) it prints the answer's body, to
 * be run where the import cannot be: inside a lease, by `portlease exec`.
 */
import { request } from 'node:http';
import { pathToFileURL } from 'node:url';

const PATIENCE = 30_000; // milliseconds for one answer

// GET the URL, or POST the body when there is one; the answer as text.
export function ask(url, body) {
	return new Promise((resolve, reject) => {
		const req = request(url, {
			agent: false,
			method: body ? 'POST' : 'GET',
			headers: { 'content-type': 'application/json' },
			signal: AbortSignal.timeout(PATIENCE),
		});
		req.on('response', (res) => collect(res, url, resolve, reject));
		req.on('error', reject);
		req.end(body);
	});
}

function collect(res, url, resolve, reject) {
	let text = '';
	res.setEncoding('utf8');
	res.on('data', (piece) => (text += piece));
	res.on('error', reject);
	res.on('end', () => {
		if (res.statusCode === 200) resolve(text);
		else reject(new Error(`${url}: ${res.statusCode} ${text}`));
	});
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
	console.log(await ask(process.argv[2], process.argv[3]));
