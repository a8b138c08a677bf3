#compdef portlease
# SPDX-License-Identifier: ISC
# Completion of portlease for zsh: `portlease complete` knows the words.

local out line
local -a found

out=$(${~words[1]} complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" \
	2>/dev/null)
case $? in
0)
	for line in ${(f)out}; do
		found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	_describe -t words portlease found
	;;
1)
	compset -P '--[^=]#='
	_files
	;;
2)
	shift $((out + 1)) words
	((CURRENT -= out + 1))
	_normal
	;;
esac
