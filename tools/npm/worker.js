// SPDX-License-Identifier: ISC
/*
 * require('portlease/worker'): every worker process that a test runner starts
 * from now on gets a lease, and so a localhost, of its own.
 *
 * Runners start their workers as process.execPath.  That becomes the script
 * worker-node, which is node for all else.  README.md has the recipes.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

// A worker loads this, too, when it was given by -r, and changes nothing.
function isWorker() {
	const { NODE_TEST_CONTEXT, PORTLEASE_WORKER } = process.env;

	return Boolean(NODE_TEST_CONTEXT) ||
		(PORTLEASE_WORKER !== undefined &&
			PORTLEASE_WORKER === process.argv[1]);
}

function isExecutable(file) {
	try {
		fs.accessSync(file, fs.constants.X_OK);
		return fs.statSync(file).isFile();
	} catch {
		return false;
	}
}

// The command: as told, beside this file, in PREFIX, or in PATH.
function find() {
	const { PORTLEASE_BIN, PATH = '' } = process.env;
	const places = PORTLEASE_BIN
		? [path.resolve(PORTLEASE_BIN)]
		: [__dirname, path.join(__dirname, 'bin'),
			path.join(__dirname, '../../bin'),
			...PATH.split(':').filter(path.isAbsolute)]
			.map((dir) => path.join(dir, 'portlease'));
	const found = places.find(isExecutable);

	if (found === undefined)
		throw new Error(PORTLEASE_BIN
			? `PORTLEASE_BIN: ${PORTLEASE_BIN} is no program`
			: 'portlease is not in PATH; PORTLEASE_BIN can name it');
	return found;
}

// Elsewhere there are no leases, and the tests run as they would without.
if (process.platform === 'linux' && !isWorker()) {
	process.env.PORTLEASE_BIN = find();
	process.env.PORTLEASE_NODE = process.execPath;
	process.execPath = path.join(__dirname, 'worker-node');
}
