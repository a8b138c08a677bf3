// SPDX-License-Identifier: ISC
// Two Harpers on the same fixed ports, each in a lease of its own.
import assert from 'node:assert/strict';
import { alive, carriers, GRACEFUL, listeners, missing, story, strays }
	from './harper.mjs';

const CONFIGURATION = { operation: 'get_configuration' };
const VERDICT = /^portlease: 127[\d.]+: (CLEAN|COOLING): /m;

// Where the Harper that answers this client keeps its data.
const root = (configuration) => configuration.rootPath;

async function answersInside(stage, harper) {
	const told = await stage.inside(
		harper.ip, 'http://localhost:9925/', CONFIGURATION);
	const who = await stage.inside(harper.ip, 'http://127.0.0.1:9926/WhoAmI');

	assert.equal(root(told), `${harper.dir}/root`);
	assert.equal(who.home, harper.dir);
}

async function answersOutside(harper) {
	const told = await harper.operation(CONFIGURATION);
	const who = await harper.get('/WhoAmI');

	assert.equal(root(told), `${harper.dir}/root`);
	assert.equal(who.home, harper.dir);
	assert.ok(harper.pids.includes(who.pid), `pid ${who.pid} is not known`);
}

function staysInSlice(harper) {
	const ports = listeners(harper.pids)
		.filter((socket) => socket.address === harper.ip)
		.map((socket) => socket.port);

	assert.deepEqual(strays(harper.pids, harper.slice), []);
	assert.deepEqual(missing(ports), []);
}

async function endsGracefully(harper) {
	const pids = harper.pids;
	const { code, signal } = await harper.stop();

	assert.deepEqual({ code, signal }, GRACEFUL);
	assert.match(harper.stderr, VERDICT);
	assert.doesNotMatch(harper.stderr, /straggler/);
	assert.deepEqual(pids.filter(alive), []);
	assert.deepEqual(carriers(harper.dir), []);
}

story('two Harpers with plain ports run side by side', async (stage, step) => {
	const a = stage.start('a', { lease: [] });
	const b = stage.start('b', { lease: [] });
	const both = [a, b];

	await Promise.all(both.map((harper) => harper.started));
	assert.notEqual(a.slice, b.slice);

	await step('each answers its own client on localhost', () =>
		Promise.all(both.map((harper) => answersInside(stage, harper))));
	await step('each answers from outside on its leased address', () =>
		Promise.all(both.map(answersOutside)));
	await step('what one is given, the other does not have', async () => {
		const all = { operation: 'describe_all' };

		await a.operation({ operation: 'create_database', database: 'mine' });
		assert.ok('mine' in await a.operation(all));
		assert.ok(!('mine' in await b.operation(all)));
	});
	await step('neither has a socket outside its slice', () =>
		both.forEach(staysInSlice));
	await step('ps shows both', async () =>
		assert.deepEqual(
			(await stage.leases()).map((lease) => lease.address).sort(),
			[a.ip, b.ip].sort()));
	await step('SIGTERM ends one gracefully, and it alone', async () => {
		await endsGracefully(a);
		await answersOutside(b);
		assert.deepEqual(
			(await stage.leases()).map((lease) => lease.address), [b.ip]);
	});
	await step('and the other; nothing is left', async () => {
		await endsGracefully(b);
		assert.deepEqual(await stage.leases(), []);
	});
});
