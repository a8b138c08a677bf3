/* SPDX-License-Identifier: ISC */
/* Which names there are. */
#include "base/name.h"

#include <criterion/criterion.h>
#include <string.h>

Test(name, is_of_letters_and_the_like_and_no_address)
{
	static const char *const good[] = { "app", "my-app_2.x", "9926a", "a" };
	static const char *const bad[] = { "", "-x", "127.0.0.1", "9926", "a b",
		"a/b", "caf\303\251", "a\n" };
	char longest[NAME_SIZE + 1];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect(name_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect(!name_valid(bad[i]), "%s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[NAME_SIZE] = '\0';
	cr_expect(!name_valid(longest));
	longest[NAME_SIZE - 1] = '\0';
	cr_expect(name_valid(longest));
}

Test(name, of_a_directory_is_a_name)
{
	static const char *const dirs[] = { "/", "/-", "/a b", "/1.2",
		"/\303\251/x", "/nowhere/of/this/name" };
	char name[NAME_SIZE], again[NAME_SIZE];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		name_of_directory(dirs[i], name);
		name_of_directory(dirs[i], again);
		cr_expect(name_valid(name), "%s: %s", dirs[i], name);
		cr_expect_str_eq(name, again);
	}
	name_of_directory("/a/x", name);
	name_of_directory("/b/x", again);
	cr_expect_str_neq(name, again);
}

Test(name, leads_each_user_elsewhere)
{
	cr_expect_eq(name_hash(1, "app"), name_hash(1, "app"));
	cr_expect_neq(name_hash(1, "app"), name_hash(2, "app"));
	cr_expect_neq(name_hash(1, "app"), name_hash(1, "apq"));
	cr_expect_neq(name_hash(1, "1/app"), name_hash(11, "/app"));
}
