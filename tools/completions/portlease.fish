# SPDX-License-Identifier: ISC
# Completion of portlease for fish: `portlease complete` knows the words.

function __portlease_complete
	set -l before (commandline -opc)
	set -l cur (commandline -ct)
	set -l program $before[1]
	set -e before[1]

	set -l out ($program complete -- $before "$cur" 2>/dev/null)
	switch $status
		case 0
			printf '%s\n' $out
		case 1
			set -l option (string match -r -- '^--[^=]*=' "$cur")
			for path in (__fish_complete_path (string replace -- "$option" '' "$cur"))
				echo "$option$path"
			end
		case 2
			set -l command
			test (count $before) -le $out
			or set command (string escape -- $before[(math $out + 1)..-1])
			complete -C (string join ' ' -- $command "$cur")
	end
end

complete -c portlease -f -a '(__portlease_complete)'
