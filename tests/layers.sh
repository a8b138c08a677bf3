#!/bin/sh
# SPDX-License-Identifier: ISC
# A folder includes only from the folders above it in this table, and from
# itself; folders in one row know nothing of each other.  layers.sh [DIRECTORY]
set -eu
cd "${1:-$(dirname "$0")/..}"

# shellcheck disable=SC2016 # awk's $0
find shim tools -name '*.[ch]' | sort | xargs awk '
BEGIN {
	n = split("shim/lease|shim/sock|shim/hook tools/base|tools/kernel|" \
	    "tools/store|tools/why|tools/proof tools/ready tools/trap|tools/claim|" \
	    "tools/run|tools/cmd", rows, "|")
	for (i = 1; i <= n; i++) {
		m = split(rows[i], folders, " ")
		for (j = 1; j <= m; j++)
			row[folders[j]] = i
	}
}

function folder(path) {
	sub(/\/[^\/]*$/, "", path)
	return path
}

function complain(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	failed = 1
}

/^#include "/ {
	from = folder(FILENAME)
	split($0, quoted, "\"")
	to = folder(quoted[2])
	to = (("shim/" to) in row) ? "shim/" to : "tools/" to
	if (!(from in row) || !(to in row))
		complain("no such folder in the table: " quoted[2])
	else if (to == "shim/hook" && from != to)
		complain("shim/hook is for the preloaded object alone")
	else if (to != from && row[to] >= row[from])
		complain("includes upwards: " quoted[2])
	else if (from ~ /^shim/ && to ~ /^tools/)
		complain("the shim includes nothing of the tools")
}

END { exit failed }
'
