# SPDX-License-Identifier: ISC
# make                  build/portlease and build/libportlease.so
# make check            all tests but Harper's; T='leak/*' some of them
# make check-unit, check-stories, check-faults, check-harper, check-programs
# make install          with PREFIX and DESTDIR; make uninstall
# make lint, format, compile_commands.json
# make deps             install what building and testing needs (Debian)
# The other targets are in tests/*/rules.mk; tests/README.md lists them.
#
# The tools are linked statically, which halves the time of a short lease and
# makes one file that runs anywhere; STATIC= links them with shared libraries.
# SAN=address,undefined builds into a directory of its own; CC, CFLAGS, LDFLAGS
# and B (the build directory) are yours; CI=1 makes warnings errors; V=1 shows
# whole commands.

VERSION := 0.3.0
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
comma := ,
STATIC ?= $(if $(SAN),,1)
B ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
ifneq ($(words $(CURDIR)/$(B)$(DESTDIR)$(PREFIX)),1)
$(error the source directory, B, PREFIX and DESTDIR must have no spaces)
endif
ABS = $(abspath $(B))
say = $(if $(V),,@echo "  $@";)

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wformat=2 -Wcast-qual \
	-Wpointer-arith -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wimplicit-fallthrough -Wconversion \
	$(if $(CI),-Werror)
BASE = -std=gnu17 -D_GNU_SOURCE $(WARN) -MMD -MP
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)

# pkg-config is asked once, by the first recipe that needs it: `make deps all`
# installs it first.
LIBS = libbsd-overlay jansson libseccomp
ask = $(eval $(1) := $$(shell pkg-config $(2)))$($(1))
LIBS_CFLAGS = $(call ask,LIBS_CFLAGS,--cflags $(LIBS))
LIBS_LDLIBS = $(call ask,LIBS_LDLIBS,--static --libs $(LIBS))

shim_c := $(wildcard shim/*/*.c)
tools_c := $(wildcard tools/*/*.c)
# What the tools take of the shim: all but the hooks.
shared_c := $(wildcard shim/lease/*.c shim/sock/*.c)
sources := $(wildcard shim/*/*.[ch] tools/*/*.[ch] tests/*/*.[ch])

shim_o := $(shim_c:%.c=$(B)/pic/%.o)
tools_o := $(tools_c:%.c=$(B)/%.o) $(shared_c:%.c=$(B)/%.o) \
	$(if $(SAN),$(B)/tests/sanitizers/options.o)

all: $(B)/libportlease.so $(B)/portlease $(B)/portlease-runtime

$(B)/portlease-runtime: tools/portlease-runtime
	$(say)install -D -m 755 $< $@

# The shim is loaded into programs that nobody here built: it needs libc alone,
# by names without versions, so that glibc and musl both satisfy it.  A
# stand-in for libc, which has the names of shim/libc.syms and no others, keeps
# the linker from recording versions and from taking anything else.
$(B)/stub/libc.so.6: shim/libc.syms Makefile | packages
	@mkdir -p $(@D)
	$(say)sed -n 's/^\([a-z_]*\).*/char \1;/p' $< | \
		grep '^char .' >$(B)/stub/libc.c && $(CC) -shared -nostdlib \
		-fno-builtin -w -Wl,-soname,libc.so.6 -o $@ $(B)/stub/libc.c

$(B)/libportlease.so: $(shim_o) $(B)/stub/libc.so.6
	$(say)$(CC) -shared -nostdlib -Wl,-Bsymbolic -Wl,-z,now -Wl,-z,defs \
		-Wl,--no-as-needed $(LDFLAGS) -o $@ $(shim_o) $(B)/stub/libc.so.6

$(B)/portlease: $(tools_o) | $(B)/libportlease.so
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) $(if $(STATIC),-static-pie) \
		-Wl,--export-dynamic-symbol=portlease_untranslated \
		-o $@ $(tools_o) $(LIBS_LDLIBS)

# gcc for aarch64 takes its atomics from libgcc, unless it is told not to.
machine := $(shell $(CC) -dumpmachine)
inline_atomics = $(if $(findstring aarch64,$(machine)),-mno-outline-atomics)

# The shim says what glibc's prototypes say, which -Wpedantic does not like.
$(B)/pic/%.o: %.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -Wno-pedantic -Ishim -fPIC \
		-fvisibility=hidden -U_FORTIFY_SOURCE -fno-stack-protector \
		-Wframe-larger-than=2048 $(inline_atomics) -c -o $@ $<

# Loops that copy are not to be made into calls of what they are.
$(B)/pic/shim/hook/string.o: private CFLAGS += -ffreestanding \
	-fno-builtin -O2

$(B)/shim/%.o: shim/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -Wno-pedantic -Ishim $(SANFLAGS) -c -o $@ $<

$(B)/tools/%.o: tools/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) $(SANFLAGS) $(LIBS_CFLAGS) -Ishim -Itools \
		-DVERSION='"$(VERSION)"' -c -o $@ $<

$(B)/tools/cmd/portlease.o: Makefile

include $(wildcard tests/*/rules.mk)

check: check-unit check-stories $(if $(T),,sample-faults)

# What `make deps` has to install comes before what needs it.
deps:
	@tests/deps.sh build check

deps-%:
	@tests/deps.sh $*

packages: | $(filter deps deps-%,$(MAKECMDGOALS))
	@tests/deps.sh --missing build $(if $(filter check% tests,$(MAKECMDGOALS)),check)

man := $(wildcard tools/man/*.[1-9])
bin = $(DESTDIR)$(PREFIX)/bin
lib = $(DESTDIR)$(PREFIX)/lib/portlease
mandir = $(DESTDIR)$(PREFIX)/share/man
# What bash, zsh and fish load when a word is completed.
share = $(DESTDIR)$(PREFIX)/share
bash = $(share)/bash-completion/completions/portlease
zsh = $(share)/zsh/site-functions/_portlease
fish = $(share)/fish/vendor_completions.d/portlease.fish

install: all
	install -d $(bin) $(lib) $(foreach m,$(man),$(mandir)/man$(subst .,,$(suffix $m)))
	install -m 755 $(B)/portlease $(B)/portlease-runtime $(bin)
	install -m 755 $(B)/libportlease.so tools/npm/worker-node $(lib)
	install -m 644 tools/npm/worker.js $(lib)
	install -m 755 tools/ci/job.sh $(lib)
	$(foreach m,$(man),install -m 644 $m $(mandir)/man$(subst .,,$(suffix $m));)
	$(foreach s,bash zsh fish,install -D -m 644 tools/completions/portlease.$s $($s);)

uninstall:
	rm -f $(bin)/portlease $(bin)/portlease-runtime \
		$(addprefix $(lib)/,libportlease.so worker.js worker-node job.sh)
	rm -f $(foreach m,$(man),$(mandir)/man$(subst .,,$(suffix $m))/$(notdir $m))
	rm -f $(bash) $(zsh) $(fish)
	-rmdir $(lib)

lint:
	@tests/lint.sh "$(BASE) $(LIBS_CFLAGS) -Ishim -Itools"

format:
	@clang-format -i $(sources)

compile_commands.json:
	@$(MAKE) --no-print-directory -Bnk V=1 all tests | \
		awk -v dir="$(CURDIR)" -f tests/compdb.awk >$@

clean:
	rm -rf build build-*

-include $(shell find $(B) -path $(B)/harper -prune -o -name '*.d' -print \
	2>/dev/null)

.PHONY: all check deps packages install uninstall lint format clean \
	compile_commands.json
