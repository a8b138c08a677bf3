# SPDX-License-Identifier: ISC
# Real programs, natively and in leases; PROGRAMS="nginx bun" for some.
check-programs: all programs
	PORTLEASE=$(ABS)/portlease BUILT=$(ABS)/programs PROGRAMS="$(PROGRAMS)" \
		node --test tests/programs/*.test.mjs

# One server, built in ways that are not plain.  What cannot be built is
# missed by the row that needs it.
SERVERS = tests/programs/servers
BUILT = $(B)/programs

everything: $(BUILT)/identity-64

programs: $(addprefix $(BUILT)/,identity-64 identity-32 identity-asan \
		identity-static identity-musl identity-go Server.class \
		node_modules)

$(BUILT)/identity-32: HOW = -m32
$(BUILT)/identity-asan: HOW = -fsanitize=address
$(BUILT)/identity-static: HOW = -static
$(BUILT)/identity-%: $(SERVERS)/identity.c
	@mkdir -p $(@D)
	-$(say)gcc $(CFLAGS) $(HOW) -D_GNU_SOURCE -o $@ $<

$(BUILT)/identity-musl: $(SERVERS)/identity.c
	@mkdir -p $(@D)
	-$(say)musl-gcc $(CFLAGS) -D_GNU_SOURCE -o $@ $<

$(BUILT)/identity-go: $(SERVERS)/identity.go
	@mkdir -p $(@D)
	-$(say)CGO_ENABLED=0 GOCACHE=$(ABS)/programs/gocache GOPATH=$(ABS)/programs/go \
		GOFLAGS=-mod=mod go build -o $@ $<

$(BUILT)/Server.class: $(SERVERS)/Server.java $(SERVERS)/Client.java
	@mkdir -p $(@D)
	-$(say)javac -d $(@D) $^

$(BUILT)/node_modules: tests/programs/package-lock.json
	@mkdir -p $(@D)
	cp tests/programs/package.json $< $(@D)
	-cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund && \
		touch node_modules

.PHONY: check-programs programs
