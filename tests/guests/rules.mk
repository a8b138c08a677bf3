# SPDX-License-Identifier: ISC
# Programs that misbehave in one way each.
guests := $(patsubst tests/guests/%.c,$(B)/guests/%,$(wildcard tests/guests/*.c)) \
	$(B)/guests/tsan-crowd

# What every guest is compiled with; -static for those named so.
$(B)/guests/static-%: HOW = -static

$(B)/guests/%: tests/guests/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) $(HOW) -o $@ $< -pthread

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
