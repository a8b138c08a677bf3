# SPDX-License-Identifier: ISC
# Every fault point, with every kind of fault, in a build of its own.
$(B)/tests/faults/table: $(B)/tests/faults/table.o \
		$(B)/tests/arena/arena.o $(modules_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_LDLIBS)

sample-faults check-faults:
	@$(MAKE) --no-print-directory FAULTS=1 B=$(B)-faults faults

faults: all $(B)/guests/fixedport $(B)/tests/faults/table
	$(B)/tests/faults/table $(ABS)

.PHONY: check-faults sample-faults faults
