/* Shared libraries that single modules need (PCRE2, OpenSSL, libcurl ...), opened when such a module is imported: a
 * script that does not use them does not pay for loading them, and the core does not depend on them.
 *
 * A module has a struct of function pointers, one field a function, and lists the fields once:
 *
 *     typedef struct Pcre2 { LIBRARY_FUNCTION(pcre2_compile_8); ... } Pcre2;
 *     static const LibrarySymbol pcre2_symbols[] = {LIBRARY_SYMBOL(Pcre2, pcre2_compile_8), ... {0}};
 *
 * so that the compiler checks calls against the library's own header. The headers are found at build time with
 * pkg-config (Makefile: OPTIONAL), which defines COVE_WITH_PCRE2 and the like. */
#ifndef COVE_STDLIB_LIBRARY_H
#define COVE_STDLIB_LIBRARY_H

#include "runtime/vm.h"

typedef struct LibrarySymbol {
    const char *name;
    size_t offset;
} LibrarySymbol;

#define LIBRARY_FUNCTION(name) __typeof__(&name) name
#define LIBRARY_SYMBOL(table, name)                                                                                  \
    { #name, offsetof(table, name) }

typedef struct LibrarySpec {
    const char *file;    /* with its version, as the dynamic linker looks it up: "libpcre2-8.so.0" */
    const char *package; /* the Debian package that has it, for the message */
    const LibrarySymbol *symbols;
} LibrarySpec;

/* Opens the library and fills the table. False with ImportError, naming the module and the package to install, when
 * it is missing or lacks a symbol. The library stays open as long as the process lives; nothing else is global. */
bool library_open(VM *vm, const char *module, const LibrarySpec *spec, void *table);
/* ImportError for a module that was left out of this build because the headers of `package` were missing. */
bool library_left_out(VM *vm, const char *module, const char *package);

#endif
