// SPDX-License-Identifier: ISC
/*
 * The steps of tools/ci/action.yml and the script of gitlab.yml, run as those
 * services would: with their variables, and files for what they read after.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync,
	writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { read } from './yaml.mjs';

const CI = fileURLToPath(new URL('../../tools/ci', import.meta.url));
const { PORTLEASE_BUILD } = process.env;
const PATIENCE = 300_000; // milliseconds
const RECORD = 0x31657361656c7470n; // record.h

class Job {
	constructor(t) {
		this.dir = mkdtempSync(join(tmpdir(), 'job-'));
		this.path = `${PORTLEASE_BUILD}:${process.env.PATH}`;
		t.after(() => rmSync(this.dir, { recursive: true, force: true }));
	}

	sh(script, env) {
		const ended = spawnSync('sh', ['-e', '-c', script], { cwd: this.dir,
			encoding: 'utf8', timeout: PATIENCE,
			env: { HOME: this.dir, PATH: this.path,
				PORTLEASE_DIR: join(this.dir, 'state'), ...env } });

		return { ...ended, left: spawnSync(join(PORTLEASE_BUILD, 'portlease'),
			['ps'], { encoding: 'utf8',
				env: { PORTLEASE_DIR: join(this.dir, 'state') } }).stdout };
	}

	text(name) {
		const path = join(this.dir, name);

		return existsSync(path) ? readFileSync(path, 'utf8') : '';
	}
}

const action = read(readFileSync(join(CI, 'action.yml'), 'utf8'));
const gitlab = read(readFileSync(join(CI, 'gitlab.yml'), 'utf8'));
const steps = action.runs.steps.filter((step) => step.run);

// "${{ inputs.run }}" with these inputs, or their defaults.
function fill(text, given) {
	return text.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, name) => {
		assert.ok(name in action.inputs, `no input ${name}`);
		return given[name] ?? action.inputs[name].default;
	});
}

// Every step of the action that is a script, until one fails.
function github(t, given) {
	const job = new Job(t);
	const files = { GITHUB_PATH: 'path', GITHUB_OUTPUT: 'output',
		GITHUB_STEP_SUMMARY: 'summary' };
	const env = { GITHUB_ACTION_PATH: CI, RUNNER_TEMP: job.dir };

	for (const [name, file] of Object.entries(files))
		env[name] = join(job.dir, file);
	for (const step of steps) {
		const own = Object.fromEntries(Object.entries(step.env ?? {})
			.map(([name, text]) => [name, fill(text, given)]));

		assert.equal(step.shell, 'sh');
		job.ended = job.sh(step.run, { ...env, ...own });
		if (job.ended.status !== 0)
			break;
	}
	return job;
}

// What the action says that it puts out, as the last step has written it.
const output = (job) => Object.fromEntries(job.text('output').trim()
	.split('\n').map((line) => line.split('=')));

const record = (job, dir = 'portlease-results') =>
	readFileSync(join(job.dir, dir, 'record')).readBigUInt64LE();

test('a job that leaves nothing behind', (t) => {
	const job = github(t, { run: 'echo "in $PORTLEASE_IP"' });
	const { stdout, status, stderr, left } = job.ended;

	assert.equal(status, 0, stderr);
	assert.match(stdout, /^in 127\.[0-9.]+\n$/);
	assert.deepEqual(output(job), { verdict: 'CLEAN', leaked: 'false',
		address: stdout.slice(3, -1) });
	for (const name of Object.keys(output(job)))
		assert.equal(action.outputs[name].value,
			`\${{ steps.run.outputs.${name} }}`);
	assert.match(job.text('summary'), /\| 127\.[0-9.]+ \| CLEAN \| 0 \| 0 \|/);
	assert.equal(record(job), RECORD);
	assert.equal(left, '');
});

test('a leak fails the job and is annotated', (t) => {
	const job = github(t, { run: 'sleep 600 & sleep 601 &' });
	const { stdout, stderr, status, left } = job.ended;

	assert.equal(status, 123, stderr);
	assert.match(stdout,
		/^::error title=portlease::.*straggler: pid \d+ \(sleep 600\)/m);
	assert.match(stdout, /^::error .*\(sleep 601\)/m);
	assert.match(stderr, /straggler: .*straggler: /s);
	assert.equal(output(job).leaked, 'true');
	assert.match(job.text('summary'), /left behind/);
	assert.match(job.text('summary'), /^ {4}portlease: .*\(sleep 600\)/m);
	assert.equal(record(job), RECORD);
	assert.equal(left, '');
});

test('the status of a command that fails is its own', (t) => {
	for (const own of [1, 123]) {
		const job = github(t, { run: `exit ${own}` });

		assert.equal(job.ended.status, own);
		assert.equal(output(job).leaked, 'false');
		assert.doesNotMatch(job.text('summary'), /left behind/);
	}
});

test('options, a shell and another directory', (t) => {
	const job = github(t, { run: '[[ a == a ]] && sleep 600 &',
		shell: 'bash -e', results: 'out',
		options: '--leak-status 9 --ports 3000' });

	assert.equal(job.ended.status, 9, job.ended.stderr);
	assert.equal(record(job, 'out'), RECORD);
	assert.match(job.text('out/status'), /"ports":\[\[3000,3000\]\]/);
});

test('what a process is called stays in its line', (t) => {
	const odd = '100%0A::error::`# a`';
	const job = github(t, { shell: 'bash',
		run: `exec -a '${odd}' sleep 600 & :` });
	const lines = job.ended.stdout.split('\n');

	assert.equal(job.ended.status, 123);
	assert.equal(lines.filter((line) => line.startsWith('::')).length, 1);
	assert.match(lines[0], /100%250A::error::`# a`/);
	for (const line of job.text('summary').split('\n'))
		if (line.includes('# a'))
			assert.match(line, /^ {4}/);
});

test('when nothing is leased, that is said', (t) => {
	const job = github(t, { run: 'true', options: '--frobnicate' });

	assert.equal(job.ended.status, 125);
	assert.match(job.ended.stderr, /frobnicate/);
	assert.deepEqual(output(job), { verdict: '', leaked: 'false',
		address: '' });
	assert.notEqual(github(t, { run: '' }).ended.status, 0);
});

test('the action uploads what the script keeps', () => {
	const upload = action.runs.steps.find((step) => step.uses);

	assert.equal(upload.if, 'always()');
	assert.equal(upload.with.path, '${{ inputs.results }}');
	assert.ok(statSync(join(CI, 'job.sh')).mode & 0o111);
});

// The objects stay in the build directory, so that the next time is quick.
test('without portlease in PATH the action builds it', (t) => {
	const job = new Job(t);
	const temp = join(PORTLEASE_BUILD, 'ci');
	const bin = join(temp, 'portlease/bin');
	let ended;

	rmSync(bin, { recursive: true, force: true });
	ended = job.sh(steps[0].run, { GITHUB_PATH: join(job.dir, 'path'),
		GITHUB_ACTION_PATH: CI, RUNNER_TEMP: temp, HOME: process.env.HOME,
		PATH: process.env.PATH });
	assert.equal(ended.status, 0, ended.stderr);
	assert.equal(job.text('path'), `${bin}\n`);
	job.path = `${bin}:${process.env.PATH}`;
	assert.match(job.sh('portlease run -v true', {}).stderr, /: leased; /);
});

test('the job of GitLab', (t) => {
	const job = new Job(t);
	const [script] = gitlab.test.script;
	const env = { ...gitlab.test.variables, PORTLEASE_RUN: 'sleep 600 &' };

	assert.match(script, /^sh \/usr\/local\/lib\/portlease\/job\.sh run$/);
	assert.equal(gitlab.test.artifacts.when, 'always');
	writeFileSync(join(job.dir, 'job.sh'), readFileSync(join(CI, 'job.sh')));
	job.ended = job.sh(script.replace('/usr/local/lib/portlease', job.dir),
		env);
	assert.equal(job.ended.status, 123, job.ended.stderr);
	assert.equal(job.ended.stdout, '');
	assert.match(job.ended.stderr, /straggler: /);
	for (const dir of gitlab.test.artifacts.paths)
		assert.equal(record(job, dir), RECORD);
	assert.match(job.text('portlease-results/status'),
		/"ports":\[\[3000,3000\]\]/);
});
