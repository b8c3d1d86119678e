# Cove's build. Out of tree: build/ (release), build/asan (sanitizers), build/debug.
#   make            build/cove
#   make library    the static and the shared library, in build/library; make install: see packaging/rules.mk
#   make test       all tests; make asan: all tests under AddressSanitizer and UBSan
CC ?= gcc
CONFIG ?= release
PREFIX ?= /usr/local
# Libraries of single modules, opened when such a module is imported: only their headers are needed here. Without
# them (or without pkg-config) the module is left out, and importing it says so.
OPTIONAL = PCRE2:libpcre2-8 OPENSSL:openssl CURL:libcurl READLINE:readline ZLIB:zlib

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wno-unused-parameter
# Nothing unwinds the C stack, and the tables for it would be a twelfth of the program.
CFLAGS_release = -O2 -DNDEBUG -fno-pie -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
CFLAGS_debug = -O0 -g
CFLAGS_asan = -O1 -g -fno-var-tracking -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Code and read-only data in one segment: a third fewer pages are touched at start-up.
LDFLAGS_release = -no-pie -Wl,--gc-sections -Wl,-z,noseparate-code
LDFLAGS_asan = -fsanitize=address,undefined
CFLAGS_tsan = -O1 -g -fno-var-tracking -fsanitize=thread -fno-pie
LDFLAGS_tsan = -fsanitize=thread -no-pie
# clang calls a null pointer plus zero an overflow, which gcc does not and C has come to allow.
CFLAGS_fuzz = $(filter-out -fno-var-tracking,$(CFLAGS_asan)) -fno-sanitize=pointer-overflow -fsanitize=fuzzer-no-link
LDFLAGS_fuzz = $(LDFLAGS_asan)

B = $(if $(filter release,$(CONFIG)),build,build/$(CONFIG))
override CFLAGS += -std=gnu11 -D_GNU_SOURCE $(WARN) -fvisibility=hidden -fno-strict-aliasing -fno-math-errno -ffp-contract=off $(CFLAGS_$(CONFIG)) -Ivm -I.
with = $(if $(shell pkg-config --exists $(word 2,$(subst :, ,$(1))) 2>/dev/null && echo yes),-DCOVE_WITH_$(word 1,$(subst :, ,$(1))))
OPTIONAL_FLAGS := $(foreach library,$(OPTIONAL),$(call with,$(library)))
override CFLAGS += $(OPTIONAL_FLAGS)
# The libraries of the core become part of the program where their archives are installed, which saves a tenth of the time
# and memory that an empty script takes. SHARED=1 links them dynamically (GMP's licence may ask for it in what you pass on).
core_library = $(or $(if $(SHARED),,$(wildcard $(shell $(CC) -print-file-name=lib$(1).a))),-l$(1))
LIBS := $(call core_library,utf8proc) $(call core_library,gmp) -lm -lpthread -ldl

SRC = $(wildcard vm/*/*.c compiler/*.c stdlib/*.c stdlib/*/*.c)
MAIN = $(wildcard repl/*.c)
OBJ = $(SRC:%.c=$(B)/obj/%.o)
MAIN_OBJ = $(MAIN:%.c=$(B)/obj/%.o)
FROZEN := $(shell find stdlib/frozen -name '*.co' 2>/dev/null | sort)

# What the program and the tests are made of; the library for hosts is made from it, or compiled anew, by packaging/rules.mk.
CORE = $(B)/obj/cove.a

# `make` by itself uses all processors.
ifeq ($(MAKECMDGOALS)$(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
endif

all: $(B)/cove

$(B)/cove: $(MAIN_OBJ) $(CORE)
	$(CC) $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $(MAIN_OBJ) $(CORE) $(LIBS)

$(CORE): $(OBJ) $(B)/obj/frozen_data.o
	rm -f $@
	ar rcs $@ $^

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# The interpreter loop: keep a dispatch of its own behind every instruction, and no spilled copies of constants. Looking for
# common expressions in it would also double the time that it takes to compile.
LOOP_FLAGS := $(shell echo | $(CC) -Werror -fno-gcse -fno-crossjumping -E - >/dev/null 2>&1 && echo -fno-gcse -fno-crossjumping -fno-tree-loop-distribute-patterns)
# Intel's processors of 2015 to 2020 decode a jump that touches a multiple of 32 bytes anew each time ("JCC erratum"). With
# none that does, its speed no longer changes by a tenth and more with each line added to it.
assembles = $(shell $(CC) -Werror $(1) -c -x c /dev/null -o /dev/null 2>/dev/null && echo $(1))
comma := ,
LOOP_FLAGS += $(or $(call assembles,-Wa$(comma)-mbranches-within-32B-boundaries),$(call assembles,-mbranches-within-32B-boundaries))
# Under sanitizers, optimizing the loop takes minutes and gigabytes; and guarding each of its variables on the stack would
# make a call of it so large that scripts with nested native calls run out of stack.
UNGUARDED := $(shell echo | $(CC) -Werror --param asan-stack=0 -E - >/dev/null 2>&1 && echo --param asan-stack=0 || echo -mllvm -asan-stack=0)
UNOPTIMIZED := -O0 $(if $(filter asan fuzz,$(CONFIG)),$(UNGUARDED))
LOOP_FLAGS += $(if $(filter asan tsan fuzz,$(CONFIG)),$(UNOPTIMIZED))
$(B)/obj/vm/interp/eval.o: override CFLAGS += $(LOOP_FLAGS)

# Where scripts spend their time, as profiles of the benchmarks and of many small operations show. The rest, which waits
# for the system or is called once in a while, is built for size.
HOT = vm/base/% vm/mem/% vm/code/code vm/code/image $(addprefix vm/api/,iterate make native operate read run scope) \
      $(addprefix vm/interp/,asyncgen coroutine eval frame function generator operation slow% traceback) \
      $(addprefix vm/runtime/,arith attr call compare convert errors iterate limits lock park subscript thread) \
      $(addprefix vm/object/,buffer bytearray bytes% cell descr dict% exception float% instance int% iterators list% \
        method module native% memoryview_item number_format number_text object_type range set% shape slice str str_b% str_case str_codec% \
        codec_charset codec_multibyte codec_single str_f% str_i% str_m% str_p% str_r% str_s% super tuple type type_attr type_slots weakref zip_map) \
      $(addprefix compiler/,arena emit lex% parser regs) \
      $(addprefix stdlib/asyncio/,deferred future% gather handle loop% poller% queue ready running task% timers transport%) \
      stdlib/builtins/iterate stdlib/builtins/module stdlib/builtins/object stdlib/builtins/print stdlib/context_map \
      stdlib/de% stdlib/import/inflate stdlib/io/buffered stdlib/io/bytesio stdlib/io/newline stdlib/io/stringio stdlib/io/text% \
      stdlib/json/% stdlib/mod_binascii stdlib/mod_bisect stdlib/mod_collections stdlib/mod_contextvars stdlib/mod_functools \
      stdlib/mod_itertools% stdlib/mod_math% stdlib/mod_operator stdlib/mod_random stdlib/ordered_dict \
      stdlib/pickle/load% stdlib/pickle/save% stdlib/re/iterate stdlib/re/match stdlib/re/program stdlib/re/replace \
      stdlib/struct/format stdlib/struct/items stdlib/thread/lock stdlib/thread/queue
COLD_OBJ := $(filter-out $(HOT:%=$(B)/obj/%.o),$(OBJ) $(MAIN_OBJ))
$(if $(filter release,$(CONFIG)),$(eval $(COLD_OBJ): override CFLAGS += -Os))

# The library modules written in the language itself are compiled to images by a program made of the same objects. A build
# for another machine gives FREEZE, the path of a program that was built for this one from the same sources.
FREEZE ?= $(B)/freeze
# zlib, which only this program needs, makes the images smaller.
ZLIB_FLAGS := $(call with,ZLIB:zlib)
$(B)/obj/tools/freeze.o: override CFLAGS += $(ZLIB_FLAGS)
$(B)/freeze: $(B)/obj/tools/freeze.o $(B)/obj/tools/no_frozen.o $(OBJ)
	$(CC) $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $^ $(LIBS) $(if $(ZLIB_FLAGS),-lz)

# Also made again when a module has gone, which changes no file's time.
ifneq ($(FROZEN),$(shell cat $(B)/frozen.list 2>/dev/null))
$(shell mkdir -p $(B) && echo '$(FROZEN)' > $(B)/frozen.list)
endif

$(B)/frozen_data.c: $(FREEZE) $(FROZEN) $(B)/frozen.list
	$(FREEZE) $(FROZEN) > $@.new
	mv $@.new $@

$(B)/obj/frozen_data.o: $(B)/frozen_data.c
	$(CC) $(CFLAGS) -c $< -o $@

# --- tests ---------------------------------------------------------------------------------------------------------------
TESTS ?= tests/*/ examples
# A program that runs teaching scripts and compares their output, where there is one beside the checkout.
NOTES ?= ../shared/scripts/check
# Scripts with their expected output, the same for every configuration.
test: $(B)/cove $(B)/paused unit
	sh tests/run $(B)/cove $(TESTS)
	$(RUN_PAUSED)
	sh tests/alloc/run $(B)/cove 29
	sh tests/prompt/run $(B)/cove
	@MAKE="$(MAKE)" B=$(B) sh tests/packaging/run fast
	@if [ -x "$(NOTES)" ] && command -v python3 >/dev/null; then \
	    "$(NOTES)" ./$(B)/cove --topic generators --topic yield_from; \
	else echo "scripts of the course notes: skipped, no $(NOTES) here"; fi

# Tests in C of what scripts cannot reach.
$(B)/image_roundtrip: $(B)/obj/tests/unit/image_roundtrip.o $(CORE)
	$(CC) $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/inflate: $(B)/obj/tests/unit/inflate.o $(B)/obj/stdlib/import/inflate.o
	$(CC) $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $^

unit: $(B)/image_roundtrip $(B)/inflate api
	$(B)/inflate
	$(B)/image_roundtrip $(FROZEN) $(sort $(wildcard tests/compiler/*.co))

# The embedding API: tests on cmocka, each file a program, and the examples, whose output is checked. What needs a library
# that is not installed is left out, and says so.
API_TESTS = $(if $(shell pkg-config --exists cmocka 2>/dev/null && echo yes),$(patsubst tests/api/%.c,$(B)/api/%,$(wildcard tests/api/test_*.c)))
HAVE_UV := $(shell pkg-config --exists libuv 2>/dev/null && echo yes)
EXAMPLES = $(patsubst examples/embed/%.c,$(B)/embed/%,$(filter-out $(if $(HAVE_UV),,examples/embed/libuv_host.c),$(wildcard examples/embed/*.c)))

$(B)/api/%: tests/api/%.c tests/api/api_test.h $(CORE) include/cove.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Iinclude $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $< $(CORE) $(LIBS) -lcmocka

# Examples are compiled as a host would: with nothing but the header.
$(B)/embed/%: examples/embed/%.c $(CORE) include/cove.h
	@mkdir -p $(@D)
	$(CC) -std=c99 -D_POSIX_C_SOURCE=200809L -pedantic $(WARN) $(CFLAGS_$(CONFIG)) -Iinclude $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $< $(CORE) $(LIBS) $(if $(findstring libuv,$<),-luv)

api: $(API_TESTS) $(EXAMPLES)
	sh tests/api/coverage
	@$(if $(API_TESTS),,echo "tests of the embedding API: skipped, cmocka is not installed")
	@$(if $(HAVE_UV),,echo "examples/embed/libuv_host.c: skipped, libuv is not installed")
	@for t in $(API_TESTS); do echo "$$t"; CMOCKA_MESSAGE_OUTPUT=stdout timeout 300 $$t > $$t.log 2>&1 || { cat $$t.log; exit 1; }; done
	@for e in $(EXAMPLES); do n=$${e##*/}; timeout 60 $$e > $$e.log 2>&1 && cmp -s $$e.log examples/embed/$$n.out || \
	    { echo "example $$n: failed"; cat $$e.log; exit 1; }; done; echo "$(words $(EXAMPLES)) examples of embedding: as expected"

# A host that pauses a script at every step gets the same of it.
$(B)/paused: tests/unit/paused.c $(CORE) include/cove.h
	$(CC) $(CFLAGS) -Iinclude $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $< $(CORE) $(LIBS)
RUN_PAUSED = sh tests/run $(B)/paused $(addprefix tests/,builtins compiler generators object types)
test-paused: $(B)/paused
	$(RUN_PAUSED)

# Every allocation of the scripts of tests/alloc fails once: some minutes.
test-alloc: $(B)/cove
	sh tests/alloc/run $(B)/cove 1

# Compiles all files of a folder: make corpus LIB=/usr/lib/python3.11 [OTHER=python3]
corpus: $(B)/cove
	sh tests/corpus/run $(B)/cove $(LIB) $(OTHER)

asan:
	$(MAKE) CONFIG=asan
	ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 TEST_TIMEOUT=300 $(MAKE) CONFIG=asan unit test-paused
	ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 TEST_TIMEOUT=300 sh tests/run build/asan/cove $(TESTS)

# What threads and VMs share, under ThreadSanitizer.
tsan:
	$(MAKE) CONFIG=tsan build/tsan/cove
	TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp:exitcode=66 $(MAKE) CONFIG=tsan api
	TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp:exitcode=66:die_after_fork=0 TEST_TIMEOUT=300 \
	    sh tests/run build/tsan/cove tests/threads tests/processes tests/asyncio tests/soak

# Any text as a script, with limits set: clang's libFuzzer looks for crashes, leaks and scripts that hold the host. What
# it keeps is in build/fuzz/corpus, what it finds in build/fuzz/found. `make fuzz-replay FILES=...` runs single inputs,
# with any compiler.
FUZZ_SECONDS ?= 3600
FUZZ_FLAGS ?= -dict=tests/fuzz/cove.dict -max_len=8192 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
fuzz:
	$(MAKE) $(B)/cove
	$(MAKE) CONFIG=fuzz CC=clang FREEZE=$(B)/freeze build/fuzz/exec
	mkdir -p build/fuzz/corpus build/fuzz/found build/fuzz/seeds
	for f in $$(git ls-files 'tests/*.co' 'examples/*.co' 'tests/fuzz/found/*'); do \
	    [ $$(wc -c < $$f) -gt 8192 ] || cp $$f build/fuzz/seeds/$$(echo $$f | tr / -); done
	ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 nice -n 19 build/fuzz/exec -max_total_time=$(FUZZ_SECONDS) \
	    -artifact_prefix=build/fuzz/found/ $(FUZZ_FLAGS) build/fuzz/corpus build/fuzz/seeds

FUZZ_OBJ = $(B)/obj/tests/fuzz/exec.o
$(B)/exec: $(FUZZ_OBJ) $(B)/obj/tests/fuzz/mutate.o $(CORE)
	$(CC) $(LDFLAGS_$(CONFIG)) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/fuzz_replay: $(FUZZ_OBJ) $(B)/obj/tests/fuzz/replay.o $(CORE)
	$(CC) $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/obj/tests/fuzz/%.o: override CFLAGS += -Iinclude

fuzz-replay: $(B)/fuzz_replay
	$(B)/fuzz_replay $(FILES)

# The embedding API and its examples under valgrind: what is not initialized, and what is lost.
VALGRIND ?= valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
            --errors-for-leak-kinds=definite,indirect,possible
valgrind: $(API_TESTS) $(EXAMPLES)
	@for t in $(filter-out %/test_memory %/test_many,$(API_TESTS)); do echo "$$t"; \
	    CMOCKA_MESSAGE_OUTPUT=stdout timeout 1200 $(VALGRIND) $$t > $$t.log 2>&1 || { cat $$t.log; exit 1; }; done
	@for e in $(EXAMPLES); do echo "$$e"; timeout 600 $(VALGRIND) --log-file=$$e.valgrind $$e > $$e.log 2>&1 || \
	    { cat $$e.log $$e.valgrind; exit 1; }; done

# The long forms of tests/soak: a minute or two.
soak: $(B)/cove
	ulimit -n 20000 && cd tests/soak && $(CURDIR)/$(B)/cove connections.co 10000
	cd tests/soak && $(CURDIR)/$(B)/cove tasks.co 100000
	cd tests/soak && $(CURDIR)/$(B)/cove failures.co 200
	cd tests/soak && $(CURDIR)/$(B)/cove executors.co 20

# Times this build against the interpreters that are installed: make bench INTERPRETERS="name=command ..."
bench: $(B)/cove
	sh bench/run $(B)/cove

# Times the embedding API beside Lua's, where Lua's library is installed (liblua5.4-dev).
bench-embed: $(B)/embed_compare
	$<

$(B)/embed_compare: bench/embed/compare.c $(B)/obj/cove.a include/cove.h
	$(CC) -O2 $(WARN) -Iinclude $(shell pkg-config --cflags lua5.4) $(LDFLAGS_$(CONFIG)) -o $@ $< $(B)/obj/cove.a $(LIBS) $(shell pkg-config --libs lua5.4)

# How well runs keep to their budgets of time.
$(B)/embed_budget: bench/embed_budget.c $(CORE) include/cove.h
	$(CC) $(CFLAGS) -Iinclude $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $< $(CORE) $(LIBS)
bench-budget: $(B)/embed_budget
	$(B)/embed_budget

format:
	clang-format -i $$(git ls-files '*.c' '*.h' '*.inc')

include packaging/rules.mk

# Pages of the embedding API from the header's comments.
reference:
	doxygen packaging/Doxyfile

clean:
	rm -rf build

-include $(OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(wildcard $(B)/obj/tools/*.d $(B)/obj/tests/unit/*.d)
.PHONY: all clean test test-paused unit asan tsan valgrind fuzz fuzz-replay soak bench bench-embed bench-budget corpus format api reference
