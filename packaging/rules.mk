# The library for hosts, what is installed, and packages.
#   make library    libcove.a and libcove.so.* in build/library
#   make deb        Debian packages in build/deb
#   make amalgamation    cove.c and cove.h in build/amalgamation
#   make install    everything below $(DESTDIR)$(PREFIX)
# MODULES="asyncio json -ssl" makes a library with these modules and what they need (tools/choose_modules.co), without
# others; MODULES= one with none but those that the interpreter itself uses. SMALL=1 builds the library for size: all but
# the interpreter loop, and with all modules packed.
# The version is that of include/cove.h. The name of the shared library changes when its ABI does: with the minor number
# while the major one is 0, with the major one after that.
cove_h_number = $(shell sed -n 's/^.define COVE_VERSION_$(1) \([0-9]*\).*/\1/p' include/cove.h)
MAJOR := $(call cove_h_number,MAJOR)
MINOR := $(call cove_h_number,MINOR)
VERSION := $(MAJOR).$(MINOR).$(call cove_h_number,PATCH)
ABI := $(if $(filter 0,$(MAJOR)),0.$(MINOR),$(MAJOR))

LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/cove
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
CMAKEDIR ?= $(LIBDIR)/cmake/Cove

# PIC=no leaves out the shared library, and makes the static one of the program's own objects: nothing is compiled twice,
# but hosts have to be linked with -no-pie.
PIC ?= yes
# The objects are in P: those of the program, or others that are position-independent or small.
P = $(B)/$(if $(filter no,$(PIC)),obj,pic)$(if $(SMALL),-small)
CHOSEN := $(if $(SMALL)$(filter-out undefined,$(origin MODULES)),$(B)/chosen$(if $(filter no,$(PIC)),-nopic))
L = $(B)/library$(if $(CHOSEN),-chosen)$(if $(filter no,$(PIC)),-nopic)
PIC_CFLAGS = $(if $(filter no,$(PIC)),$(CFLAGS),$(filter-out -fno-pie,$(CFLAGS)) -fPIC) $(UNALIGNED)
# Gaps in front of functions and loops are a tenth of the code; they are kept where scripts spend their time.
UNALIGNED := $(shell echo | $(CC) -Werror -falign-jumps=1 -E - >/dev/null 2>&1 && \
    echo -falign-functions=1 -falign-jumps=1 -falign-loops=1 -falign-labels=1)
ALIGNED = vm/interp/% vm/mem/% vm/object/dict vm/object/list vm/object/str vm/object/int vm/object/float vm/object/tuple
$(filter $(ALIGNED:%=$(P)/%.o),$(SRC:%.c=$(P)/%.o)): UNALIGNED =
ifneq ($(P),$(B)/obj)
$(P)/vm/interp/eval.o: override CFLAGS += $(LOOP_FLAGS)
COLD_PIC := $(filter-out $(patsubst %,$(P)/%.o,$(if $(SMALL),vm/interp/eval,$(HOT))),$(SRC:%.c=$(P)/%.o))
$(if $(filter release,$(CONFIG)),$(eval $(COLD_PIC): override CFLAGS += -Os))
endif
# The objects that depend on which modules there are.
MODULE_TABLES = stdlib/native_modules.o frozen_data.o
PIC_OBJ = $(addprefix $(P)/,$(filter-out $(if $(CHOSEN),$(MODULE_TABLES)),$(SRC:%.c=%.o) frozen_data.o)) \
    $(if $(CHOSEN),$(addprefix $(CHOSEN)/,$(notdir $(MODULE_TABLES))))
SHARED_LIBRARY = $(L)/libcove.so.$(VERSION)

ifneq ($(P),$(B)/obj)
$(P)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(PIC_CFLAGS) -MMD -MP -c $< -o $@

$(P)/frozen_data.o: $(B)/frozen_data.c
	@mkdir -p $(@D)
	$(CC) $(PIC_CFLAGS) -c $< -o $@
endif

ifneq ($(CHOSEN),)
CHOICE := $(if $(SMALL),--small) $(if $(filter undefined,$(origin MODULES)),all,$(MODULES))
$(shell mkdir -p $(CHOSEN) && echo '$(CHOICE)' | cmp -s - $(CHOSEN)/choice || echo '$(CHOICE)' > $(CHOSEN)/choice)
$(CHOSEN)/frozen.list: $(CHOSEN)/choice tools/choose_modules.co stdlib/modules.def $(FROZEN) $(B)/cove
	$(B)/cove tools/choose_modules.co $(CHOSEN) $(filter-out --small,$(CHOICE))
$(CHOSEN)/native_modules.c: $(CHOSEN)/frozen.list ;
$(CHOSEN)/frozen_data.c: $(CHOSEN)/frozen.list $(FREEZE)
	$(FREEZE) $(filter --small,$(CHOICE)) $$(cat $<) > $@.new
	mv $@.new $@
$(CHOSEN)/%.o: $(CHOSEN)/%.c
	$(CC) $(PIC_CFLAGS) -c $< -o $@
endif

comma = ,
# Tables hold addresses, which take three words each to be relocated, or next to nothing where the linker can pack them.
links = $(if $(shell echo 'int x;' | $(CC) -shared -Wl,--fatal-warnings $(1) -x c - -o $(B)/links.tmp 2>/dev/null && rm $(B)/links.tmp && echo yes),$(1))
SHARED_FLAGS = -shared -Wl,-soname,libcove.so.$(ABI) -Wl,-z,defs -Wl,-z,now -Wl,-Bsymbolic-functions -Wl,--gc-sections \
    -Wl,-z,noseparate-code $(call links,-Wl$(comma)-z$(comma)pack-relative-relocs)
SHARED_LIBS = -lutf8proc -lgmp -lm -lpthread -ldl

$(SHARED_LIBRARY): $(PIC_OBJ)
	@mkdir -p $(@D)
	$(CC) $(SHARED_FLAGS) $(filter-out -no-pie,$(LDFLAGS)) -o $@ $^ $(SHARED_LIBS)

# One object, in which only the names of the header are global: no name of the interpreter's meets one of the host's.
$(L)/libcove.a: $(PIC_OBJ)
	@mkdir -p $(@D)
	$(CC) -r -nostdlib -no-pie -Wl,--gc-sections,--gc-keep-exported,-u,cove_create -o $(L)/cove.o $^
	$(OBJCOPY) --localize-hidden $(L)/cove.o
	rm -f $@
	$(AR) rcs $@ $(L)/cove.o
	rm $(L)/cove.o
OBJCOPY ?= objcopy

LIBRARIES = $(L)/libcove.a $(if $(filter no,$(PIC)),,$(SHARED_LIBRARY))
library: $(LIBRARIES)

# The whole library as cove.c and cove.h, for hosts that want one file to compile.
A = $(B)/amalgamation
amalgamation: $(A)/cove.c $(A)/cove.h
$(A)/cove.h: include/cove.h
	@mkdir -p $(@D)
	cp $< $@
$(A)/cove.c: tools/amalgamate.co tools/no_frozen.c $(SRC) $(wildcard */*.h */*/*.h */*/*.def */*/*.inc) $(B)/frozen_data.c $(B)/cove
	@mkdir -p $(@D)
	CFLAGS="$(filter -std=% -D% -I%,$(CFLAGS))" $(B)/cove tools/amalgamate.co "$(CC)" $(VERSION) $(B)/frozen_data.c \
	    tools/no_frozen.c $(SRC) > $@.new
	mv $@.new $@

# cove.pc, the CMake package and the manual page, with the places and the version filled in.
FILL = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
    -e 's|@VERSION@|$(VERSION)|g' -e 's|@ABI@|$(ABI)|g'

D = $(DESTDIR)
install: $(B)/cove $(LIBRARIES)
	install -d $(D)$(PREFIX)/bin $(D)$(LIBDIR) $(D)$(INCLUDEDIR) $(D)$(PKGCONFIGDIR) $(D)$(CMAKEDIR) $(D)$(MANDIR)/man1 \
	    $(D)$(DOCDIR)/examples
	install -m 755 $(B)/cove $(D)$(PREFIX)/bin/cove
	install -m 644 $(L)/libcove.a $(D)$(LIBDIR)/libcove.a
ifneq ($(PIC),no)
	install -m 644 $(SHARED_LIBRARY) $(D)$(LIBDIR)/libcove.so.$(VERSION)
	ln -sf libcove.so.$(VERSION) $(D)$(LIBDIR)/libcove.so.$(ABI)
	ln -sf libcove.so.$(ABI) $(D)$(LIBDIR)/libcove.so
endif
	install -m 644 include/cove.h $(D)$(INCLUDEDIR)/cove.h
	$(FILL) packaging/cove.pc.in > $(D)$(PKGCONFIGDIR)/cove.pc
	$(FILL) packaging/CoveConfig.cmake.in > $(D)$(CMAKEDIR)/CoveConfig.cmake
	$(FILL) packaging/CoveConfigVersion.cmake.in > $(D)$(CMAKEDIR)/CoveConfigVersion.cmake
	$(FILL) packaging/cove.1.in > $(D)$(MANDIR)/man1/cove.1
	install -m 644 README.md LICENSE docs/embedding.md docs/differences.md $(D)$(DOCDIR)
	install -m 644 examples/embed/*.c $(D)$(DOCDIR)/examples

uninstall:
	rm -f $(D)$(PREFIX)/bin/cove $(D)$(LIBDIR)/libcove.a $(D)$(LIBDIR)/libcove.so $(D)$(LIBDIR)/libcove.so.$(ABI) \
	    $(D)$(LIBDIR)/libcove.so.$(VERSION) $(D)$(INCLUDEDIR)/cove.h $(D)$(PKGCONFIGDIR)/cove.pc $(D)$(MANDIR)/man1/cove.1
	rm -rf $(D)$(CMAKEDIR) $(D)$(DOCDIR)

-include $(SRC:%.c=$(P)/%.d)
.PHONY: deb library amalgamation install uninstall test-packaging

# The Debian packages and the amalgamation are used as well: some minutes.
test-packaging: $(B)/cove
	MAKE="$(MAKE)" B=$(B) sh tests/packaging/run all

# The command of the Debian package shares GMP and utf8proc with others, as Debian asks for.
MULTIARCH = $(shell dpkg-architecture -qDEB_HOST_MULTIARCH)
$(B)/deb/cove: $(MAIN_OBJ) $(CORE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_$(CONFIG)) $(LDFLAGS) -o $@ $(MAIN_OBJ) $(CORE) $(SHARED_LIBS)

deb: $(B)/deb/cove $(LIBRARIES)
	rm -rf $(B)/deb/tree
	$(MAKE) install DESTDIR=$(B)/deb/tree PREFIX=/usr LIBDIR=/usr/lib/$(MULTIARCH)
	install -m 755 $(B)/deb/cove $(B)/deb/tree/usr/bin/cove
	sh packaging/deb $(B)/deb $(VERSION) $(ABI) $(MULTIARCH)
