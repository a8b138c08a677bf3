# SPDX-License-Identifier: ISC
# SOAK_SECONDS, SOAK_LEASES and SOAK_SEED in the environment.
soak: all $(B)/guests/tenant $(B)/tests/soak/driver $(B)/tests/soak/observer
	$(B)/tests/soak/driver $(ABS)

$(B)/tests/soak/driver: $(B)/tests/soak/driver.o $(B)/tests/arena/arena.o
$(B)/tests/soak/observer: $(B)/tests/soak/observer.o
$(B)/tests/soak/driver $(B)/tests/soak/observer:
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^

.PHONY: soak
