# SPDX-License-Identifier: ISC
# The recipes of tools/npm/README.md with the real test runners, from npm and
# Debian; T=jest for one of them.
WORKERS = $(B)/workers
PACKAGE = $(WORKERS)/node_modules/portlease

check-workers: all $(PACKAGE)/package.json
	@tests/deps.sh --missing workers
	PATH="$(ABS):$$PATH" BUILT=$(abspath $(WORKERS)) node --test \
		$(if $(T),--test-name-pattern='$(T)') tests/workers/*.test.mjs

# No lock file: it would name the registry that it was made with.
RUNNERS = jest@29 mocha@10 vitest@1 @playwright/test@1

$(WORKERS)/node_modules/.installed: tests/workers/rules.mk
	@mkdir -p $(WORKERS)
	echo '{ "private": true }' >$(WORKERS)/package.json
	cd $(WORKERS) && npm install --no-package-lock --ignore-scripts \
		--no-audit --no-fund $(RUNNERS)
	touch $@

# What the package of npm has for require('portlease/worker').
$(PACKAGE)/package.json: tools/npm/worker.js tools/npm/worker-node \
		$(WORKERS)/node_modules/.installed
	@mkdir -p $(PACKAGE)
	install -m 755 tools/npm/worker.js tools/npm/worker-node $(PACKAGE)
	echo '{ "name": "portlease", "exports": { "./worker": "./worker.js" } }' \
		>$@

.PHONY: check-workers
