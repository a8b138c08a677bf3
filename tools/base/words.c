/* SPDX-License-Identifier: ISC */
#include "base/words.h"
#include "base/fail.h"

#include <string.h>

static const char blanks[] = " \t\n";

/*
 * Unquote the word at *at in place.  *at is then behind it; -1 when a quote is
 * not closed.
 */
static int
unquote(char **at)
{
	char *in = *at, *out = *at, quote = '\0';

	for (; *in != '\0' && (quote != '\0' || !strchr(blanks, *in)); in++) {
		if (*in == quote)
			quote = '\0';
		else if (quote == '\0' && (*in == '\'' || *in == '"'))
			quote = *in;
		else if (quote != '\'' && *in == '\\' && in[1] != '\0')
			*out++ = *++in;
		else
			*out++ = *in;
	}
	*at = *in != '\0' ? in + 1 : in;
	*out = '\0';
	return quote == '\0' ? 0 : -1;
}

int
words_split(char *text, char *words[], size_t most)
{
	size_t n = 0;

	for (text += strspn(text, blanks); *text != '\0';
	     text += strspn(text, blanks)) {
		if (n + 1 >= most)
			return fail(E2BIG);
		words[n++] = text;
		if (unquote(&text) == -1)
			return fail(EINVAL);
	}
	words[n] = NULL;
	return (int)n;
}
