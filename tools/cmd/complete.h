/* SPDX-License-Identifier: ISC */
/*
 * portlease complete -- WORD ...: for the completions of shells.  The words are
 * those behind "portlease" up to the cursor; the last one, which may be empty,
 * is to be completed.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

/* Exit statuses. */
enum {
	COMPLETE_WORDS, /* on stdout, a line each: word, tab, description */
	COMPLETE_FILE, /* a file is wanted */
	COMPLETE_COMMAND /* a command is; on stdout, how many words precede it
			  */
};

/* The arguments behind "complete"; returns the exit status. */
int complete(char *const argv[]);

#endif
