# SPDX-License-Identifier: ISC
# BENCH_ARGS: see the head of each program.

# A hundred processes that lease in a loop.
bench-acquire: all $(B)/tests/bench/acquire
	$(B)/tests/bench/acquire $(ABS)/portlease $(BENCH_ARGS)

# From listen() to the waiter's return, and what waiting costs.  It starts
# itself inside leases, so its path is absolute.
bench-ready: all $(B)/tests/bench/ready
	$(ABS)/tests/bench/ready

# What a hooked call costs.
bench-shim: all $(B)/tests/bench/shim
	$(ABS)/portlease run -q -p 20926 -- $(ABS)/tests/bench/shim $(BENCH_ARGS)

# What the look for mappings of the record costs at the end of a lease.
bench-mappings: $(B)/guests/mapper $(B)/tests/bench/mappings
	$(B)/tests/bench/mappings

$(B)/tests/bench/acquire: $(B)/tests/bench/acquire.o $(B)/tests/arena/arena.o
$(B)/tests/bench/mappings: $(B)/tests/bench/mappings.o \
	$(filter-out $(B)/tools/cmd/portlease.o,$(tools_o))
$(B)/tests/bench/ready: $(B)/tests/bench/ready.o
$(B)/tests/bench/shim: $(B)/tests/bench/shim.o

benches := $(addprefix $(B)/tests/bench/,acquire mappings ready shim)
everything: $(benches)
$(benches):
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_LDLIBS) -pthread

.PHONY: bench-acquire bench-mappings bench-ready bench-shim
