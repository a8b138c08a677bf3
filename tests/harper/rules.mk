# SPDX-License-Identifier: ISC
# Harper itself, from npm, where the tests find it.
HARPER = HARPER_HOME=$(ABS)/harper PORTLEASE=$(ABS)/portlease

harper: all
	@tests/deps.sh --missing harper
	@mkdir -p $(B)/harper
	cp -p tests/harper/package.json tests/harper/package-lock.json $(B)/harper/
	cd $(B)/harper && [ node_modules -nt package-lock.json ] || \
		npm ci --ignore-scripts --no-audit --no-fund

check-harper: harper
	$(HARPER) node --test --test-concurrency=1 tests/harper/*.test.mjs

# Sixteen at once: two minutes of two cores, which is why it stands alone.
check-harper-load: harper
	$(HARPER) node tests/harper/load.mjs

.PHONY: harper check-harper check-harper-load
