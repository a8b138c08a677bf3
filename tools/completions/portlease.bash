# SPDX-License-Identifier: ISC
# Completion of portlease for bash: `portlease complete` knows the words.
# shellcheck shell=bash

# The command line of the command at this index, as bash-completion knows it;
# without bash-completion a command, and files behind it.
_portlease_command()
{
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [[ $1 == "$COMP_CWORD" && $2 != */* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$2")
	else
		_portlease_file "$2"
	fi
}

_portlease_file()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_portlease()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words=() at=() out word i

	# bash splits --name=value at the sign.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#words[@]} > 0)) && [[ ${words[-1]} == --*= ||
			$word == "=" && ${words[-1]} == --* ]]; then
			words[-1]+=$word
		else
			words+=("$word")
			at+=("$i")
		fi
	done
	[[ $cur != "=" ]] || cur=
	out=$("$1" complete -- "${words[@]}" 2>/dev/null)
	case $? in
	0)
		mapfile -t COMPREPLY < <(cut -sf 1 <<<"$out")
		COMPREPLY=("${COMPREPLY[@]#"${words[-1]%"$cur"}"}")
		;;
	1) _portlease_file "$cur" ;;
	2) _portlease_command "${at[out]}" "$cur" ;;
	esac
}

complete -F _portlease portlease
