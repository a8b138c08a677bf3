# SPDX-License-Identifier: ISC
# SOAK_SECONDS or SOAK_ROUNDS, SOAK_LEASES, SOAK_LIFE and SOAK_SEED in the
# environment.
soak: all $(B)/guests/tenant $(B)/tests/soak/driver $(B)/tests/soak/observer
	$(B)/tests/soak/driver $(ABS)

$(B)/tests/soak/driver: $(B)/tests/soak/driver.o $(B)/tests/soak/fates.o \
	$(B)/tests/soak/starts.o $(B)/tests/arena/arena.o
$(B)/tests/soak/observer: $(B)/tests/soak/observer.o $(B)/tests/soak/sockets.o \
	$(B)/tests/soak/words.o $(B)/tests/soak/mappings.o

soakers := $(B)/tests/soak/driver $(B)/tests/soak/observer
everything: $(soakers)
$(soakers):
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^

.PHONY: soak
