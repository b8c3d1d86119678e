/* The docstrings of native modules. */
#include "stdlib/import/importer.h"

#include <stdlib.h>

typedef struct ModuleDoc {
    const char *name, *doc;
} ModuleDoc;

/* Sorted by name. */
static const ModuleDoc docs[] = {
    {"_abc", "Abstract base classes: their registry and the tests of subclasses."},
    {"_asyncio", "The heart of asyncio: futures, tasks and the event loop."},
    {"_bisect", "Places in sorted sequences."},
    {"_codecs", "Encoding and decoding, and the registry of codecs."},
    {"_collections", "The native types of collections."},
    {"_contextvars", "Context variables."},
    {"_csv_rows", "The usual rows of tables as text."},
    {"_curl", "Transfers by libcurl."},
    {"_fnmatch", "Matching of names against shell patterns."},
    {"_functools", "The native functions of functools."},
    {"_hashlib", "Digests by OpenSSL."},
    {"_heapq", "Heaps in lists."},
    {"_imp", "The parts of the import system."},
    {"_interpreters", "Interpreters beside this one."},
    {"_io", "Files, streams and buffers."},
    {"_json", "Reading and writing of JSON."},
    {"_multiprocessing", "Memory and semaphores shared by processes."},
    {"_operator", "The operators as functions."},
    {"_pickle", "Writing and reading of pickles."},
    {"_posixpath", "Functions on paths."},
    {"_posixshmem", "Shared memory that has a name."},
    {"_posixsubprocess", "Starting of programs."},
    {"_queue", "The simple queue."},
    {"_random", "The random number generator."},
    {"_re", "Regular expressions."},
    {"_signal", "Signals."},
    {"_socket", "Sockets."},
    {"_ssl", "TLS by OpenSSL."},
    {"_struct", "Values as packed bytes."},
    {"_thread", "Threads and locks."},
    {"_typing", "The native types of typing."},
    {"_urllib", "Quoting and splitting of URLs."},
    {"_warnings", "The issue of warnings."},
    {"_weakref", "Weak references."},
    {"atexit", "Functions to be called when the program ends."},
    {"binascii", "Bytes as text: hexadecimal, base64 and others, and checksums."},
    {"cmath", "Functions of complex numbers."},
    {"datetime", "Dates, times, differences of them, and time zones."},
    {"errno", "The numbers of errors of the system, by name."},
    {"fcntl", "Calls on descriptors: fcntl(), ioctl() and locks of files."},
    {"gc", "The collector of cycles."},
    {"grp", "The system's groups."},
    {"itertools", "Iterators made of iterators."},
    {"math", "Functions of real numbers."},
    {"posix", "The calls of the operating system."},
    {"pwd", "The system's users."},
    {"resource", "Limits and use of resources."},
    {"select", "Waiting for descriptors."},
    {"termios", "The settings of terminals."},
    {"time", "Clocks, waiting, and times as text."},
    {"unicodedata", "The properties of characters."},
    {"zlib", "Compression by zlib."},
};

static int compare_name(const void *name, const void *row) { return strcmp(name, ((const ModuleDoc *)row)->name); }

bool module_set_doc(VM *vm, Value module, Value name) {
    Value dict = module_dict(module);
    const ModuleDoc *found = bsearch(str_data(name), docs, ARRAY_LEN(docs), sizeof *docs, compare_name);
    if (!found || !is_none(dict_get_str(vm, dict, NAME(__doc__))))
        return true;
    Value text = str_from_c(vm, found->doc);
    bool ok = text && dict_set_str(vm, dict, NAME(__doc__), text);
    decref(vm, text);
    return ok;
}
