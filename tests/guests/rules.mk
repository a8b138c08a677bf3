# SPDX-License-Identifier: ISC
# Programs that misbehave in one way each.
guests := $(patsubst tests/guests/%.c,$(B)/guests/%,$(wildcard tests/guests/*.c)) \
	$(B)/guests/tsan-crowd $(B)/guests/lib/libreach.so \
	$(B)/guests/lib/libhostile.so $(B)/guests/wrapped-linked

# What every guest is compiled with; -static for those named so.
$(B)/guests/static-%: HOW = -static

$(B)/guests/%: tests/guests/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) $(HOW) -o $@ $< -pthread

# The loader needs more of the stack than the calls do.
$(B)/guests/stacks: HOW = -Wl,-z,now

# Libraries that are found by the RUNPATH of the one that loads them.
$(B)/guests/loads: HOW = -Wl,-rpath,'$$ORIGIN/lib' \
	-DVERSION='$(if $(findstring aarch64,$(machine)),"GLIBC_2.17","GLIBC_2.2.5")'

$(B)/guests/lib/libreach.so: tests/guests/lib/reach.c | packages
	@mkdir -p $(@D)/deeper
	$(say)$(CC) $(CFLAGS) $(BASE) -Wno-pedantic -fPIC -shared \
		-Wl,-rpath,'$$ORIGIN/deeper' -o $@ $<
	@cp $@ $(@D)/deeper/libdeep.so

# Behind what is preloaded, as libc is.
$(B)/guests/starts: $(B)/guests/lib/libnewer.so
$(B)/guests/starts: HOW = -Wl,-rpath,'$$ORIGIN/lib' -L$(B)/guests/lib \
	-Wl,--no-as-needed -lnewer

$(B)/guests/lib/libnewer.so: tests/guests/lib/newer.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -fPIC -shared -o $@ $<

# The same program, of which the library is a part, and thus the last.
$(B)/guests/wrapped-linked: tests/guests/wrapped.c $(B)/guests/lib/libseen.so
	$(say)$(CC) $(CFLAGS) $(BASE) -Wl,-rpath,'$$ORIGIN/lib' -o $@ $< \
		-L$(B)/guests/lib -Wl,--no-as-needed -lseen

$(B)/guests/lib/libseen.so: tests/guests/lib/seen.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -Wno-pedantic -fPIC -shared -o $@ $<

# It takes the names of libc's calls, and none of their arguments.
$(B)/guests/lib/libhostile.so: tests/guests/lib/hostile.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -fno-builtin -fPIC -shared -o $@ $<

# The guest alone is instrumented: the shim is preloaded as it is.
$(B)/guests/tsan-%: tests/guests/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -fsanitize=thread -o $@ $< -pthread

demo:
	@tests/deps.sh build
	@$(MAKE) --no-print-directory all $(B)/guests/fixedport \
		$(B)/guests/client
	@BUILD=$(B) tests/demo.sh

.PHONY: demo
