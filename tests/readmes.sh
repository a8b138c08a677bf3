#!/bin/sh
# SPDX-License-Identifier: ISC
# Every source file of shim/, tools/ and tests/ is named exactly once in the
# README.md there.  readmes.sh [DIRECTORY]
#
# A folder is a list item that begins with its path in bold.  The words in
# backquotes, up to the next item or an empty line, name the files in it:
#
#	- **lease/** `slice` the address plan, `terms` its text
#
# A name is that of the file up to the first dot: foo.c and foo.h are foo.
# JSON, YAML and Markdown are no sources.
set -eu
cd "${1:-$(dirname "$0")/..}"

# tracked DIRECTORY: the names of its files, as git knows them.
tracked() {
	git ls-files -- "$1" | awk -v top="$1/" '
	/\.(json|yaml|md)$/ { next }
	{
		path = substr($0, length(top) + 1)
		folder = path ~ /\// ? path : "./"
		sub(/[^\/]*$/, "", folder)
		sub(/^.*\//, "", path)
		sub(/\..*/, "", path)
		if (path != "")
			print folder path
	}' | sort -u
}

# named DIRECTORY: the names in its README.md, each as often as it is there.
named() {
	awk '
	/^$/ || /^- / { folder = "" }
	/^- \*\*[^*]*\/\*\*/ { split($0, bold, "[*][*]"); folder = bold[2] }
	folder != "" {
		n = split($0, part, "`")
		for (i = 2; i <= n; i += 2)
			print folder part[i]
	}' "$1/README.md" | sort
}

# complain DIRECTORY WHAT: for each name on standard input; fails if there is one.
complain() {
	! sed "s|^|$1/README.md: $2: |" | grep .
}

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
trap 'exit 1' HUP INT TERM
failed=0
for dir in shim tools tests; do
	tracked "$dir" >"$lists/tracked"
	named "$dir" >"$lists/named"
	uniq -d "$lists/named" | complain "$dir" 'named twice' || failed=1
	sort -u "$lists/named" >"$lists/once"
	comm -23 "$lists/tracked" "$lists/once" |
		complain "$dir" 'not named' || failed=1
	comm -13 "$lists/tracked" "$lists/once" |
		complain "$dir" 'no such file' || failed=1
done
exit "$failed"
