# SPDX-License-Identifier: ISC
# From the commands that make would run (make -Bnk V=1) to a compilation
# database, as clang's tools read it.  -v dir=DIRECTORY
{ command = command $0 }
sub(/\\$/, "", command) { next }
command ~ / -c -o [^ ]+ [^ ]+\.c$/ {
	gsub(/\\/, "\\\\", command)
	gsub(/"/, "\\\"", command)
	gsub(/\t/, " ", command)
	printf "%s{\"directory\": \"%s\", \"file\": \"%s\", \"command\": \"%s\"}",
	    n++ ? ",\n" : "[\n", dir, $NF, command
}
{ command = "" }
END { print n ? "\n]" : "[]" }
