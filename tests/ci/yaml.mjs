// SPDX-License-Identifier: ISC
/*
 * As much YAML as tools/ci has: maps and lists by indentation, values in one
 * line, comments in lines of their own.  Anything else is an error.
 */
import assert from 'node:assert/strict';

function scalar(text) {
	assert.doesNotMatch(text, /^[[{|>&*!@`]|: | #/, text);
	return text.replace(/^'(.*)'$/, '$1');
}

// Lines as { indent, item, key, value }.
function split(text) {
	return text.split('\n').filter((line) => !/^\s*(#|$)/.test(line))
		.flatMap((line) => {
			const [, blanks, dash, rest] = /^( *)(- )?(.*)$/.exec(line);
			const entry = /^([\w-]+):(?: (.*))?$/.exec(rest);
			const indent = blanks.length + (dash ? 2 : 0);
			const parts = dash ? [{ indent: blanks.length, item: true }] : [];

			parts.push(entry
				? { indent, key: entry[1], value: entry[2] }
				: { indent, value: rest });
			return parts;
		});
}

function list(lines, indent) {
	const found = [];

	while (lines[0]?.item && lines[0].indent === indent) {
		lines.shift();
		found.push(value(lines, indent + 1));
	}
	return found;
}

function map(lines, { indent }) {
	const found = {};

	while (lines[0]?.key && lines[0].indent === indent) {
		const { key, value: text } = lines.shift();

		assert.ok(!(key in found), `${key} twice`);
		found[key] = text === undefined
			? value(lines, indent + 1) : scalar(text);
	}
	return found;
}

// What is indented at least as far as this.
function value(lines, indent) {
	const [first] = lines;

	assert.ok(first && first.indent >= indent, 'a value is missing');
	if (first.item)
		return list(lines, first.indent);
	if (first.key)
		return map(lines, first);
	return scalar(lines.shift().value);
}

export function read(text) {
	const lines = split(text);
	const found = value(lines, 0);

	assert.deepEqual(lines, [], 'not understood');
	return found;
}
