// SPDX-License-Identifier: ISC
// bun.mjs TOKEN: server.mjs, and Bun.serve on 9933.
const [, , token, role] = process.argv;

if (role !== 'child') {
	Bun.serve({
		port: 9933,
		fetch: (req, server) =>
			new Response(`${token} serve ${server.requestIP(req).address}\n`),
	});
}
await import('./server.mjs');
