# SPDX-License-Identifier: ISC
# The steps of tools/ci as a runner would run them; T=leak for some.
check-ci: all
	PORTLEASE_BUILD=$(ABS) node --test \
		$(if $(T),--test-name-pattern='$(T)') tests/ci/*.test.mjs

.PHONY: check-ci
