# SPDX-License-Identifier: ISC
# Unit tests and stories: one program each, of the modules without main().
modules_o = $(filter-out $(B)/tools/cmd/portlease.o,$(tools_o))
CRITERION = $(call ask,CRITERION,--cflags $(LIBS) criterion)
TEST_CFLAGS = $(CRITERION) -I. -Ishim -Itools -DBUILD_DIR='"$(ABS)"' \
	-DVERSION='"$(VERSION)"'
TEST_LDLIBS = $(call ask,TEST_LDLIBS,--libs $(LIBS) criterion)

$(B)/tests/%.o: tests/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) $(SANFLAGS) $(TEST_CFLAGS) -c -o $@ $<

$(B)/tests/units: $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/*.c)) $(modules_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LDLIBS)

$(B)/tests/stories: $(patsubst %.c,$(B)/%.o,$(wildcard tests/e2e/*.c)) $(modules_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LDLIBS)

# For the shells of tests/e2e/completions.c.
completions = $(patsubst tools/%,$(B)/%,$(wildcard tools/completions/*))

$(B)/completions/%: tools/completions/%
	@mkdir -p $(@D)
	@cp $< $@

tests: all $(guests) $(completions) $(B)/tests/units $(B)/tests/stories

# All that is C, so that none of it rots.
everything: tests

check-unit: all $(B)/tests/units
	$(B)/tests/units $(if $(T),--filter '$(T)')

check-stories: tests
	tests/stories.sh $(ABS) $(if $(T),'$(T)')

check-completions: tests
	@tests/deps.sh --missing completions
	tests/stories.sh $(ABS) 'completions/*'

.PHONY: tests everything check-unit check-stories check-completions
