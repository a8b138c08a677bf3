// SPDX-License-Identifier: ISC
// cluster.cjs TOKEN: two workers on 9926, which the primary hands out in turn,
// and on 127.0.0.1:9927, where each worker accepts for itself.
const cluster = require('node:cluster');
const http = require('node:http');

const [, , token] = process.argv;

function work() {
	const answer = (req, res) => {
		const { remoteAddress, localAddress, localPort } = req.socket;
		res.end(req.url === '/worker'
			? `${token} ${cluster.worker.id}\n`
			: `${token} ${remoteAddress} ${localAddress} ${localPort}\n`);
	};

	http.createServer({ keepAlive: false }, answer).listen(9926);
	http.createServer(answer)
		.listen({ port: 9927, host: '127.0.0.1', exclusive: false });
}

if (cluster.isPrimary) {
	cluster.fork();
	cluster.fork();
	cluster.on('exit', () => process.exit(1));
} else work();
