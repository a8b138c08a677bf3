# SPDX-License-Identifier: ISC
# Every system call of a lease's life, killed or failed; one case in N of it:
# FAULTS_EVERY=N.  sample-faults is the part that `make check` runs.
faults_o := $(patsubst %.c,$(B)/%.o,$(wildcard tests/faults/*.c)) \
	$(B)/tests/arena/arena.o
FAULTS_EVERY ?= 1

$(B)/tests/faults/table: $(faults_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_LDLIBS)

everything: $(B)/tests/faults/table

ifdef SAN
check-faults sample-faults:
	@echo "$@: not with SAN, LeakSanitizer does not work under strace"
else
sample-faults: FAULTS_EVERY = 40

check-faults sample-faults: all $(B)/guests/fixedport $(B)/guests/static-raw \
		$(B)/tests/faults/table
	$(B)/tests/faults/table $(ABS) $(FAULTS_EVERY)
endif

.PHONY: check-faults sample-faults
