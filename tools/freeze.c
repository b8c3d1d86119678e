/* Compiles the library modules that are written in the language itself into images, and writes them as a table in C.
 *
 *     freeze [--small] FILE.co ... > frozen_data.c
 *
 * It is linked from the interpreter's own objects, so the images fit the interpreter that is built next. The name of
 * a module is its path below the folder "frozen".
 *
 * Modules that most programs import stay as they are; the others are deflated where the build has zlib, one of the
 * plain images being the dictionary for all. With --small it is the only one that stays. */
#include "runtime/vm.h"

#include "code/image.h"
#include "compiler/compile.h"
#include "object/bytes.h"
#include "stdlib/import/frozen.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include <stdio.h>
#include <stdlib.h>
#ifdef COVE_WITH_ZLIB
#include <zlib.h>
#endif

/* What starts quickly, with the modules below (packages are named by their first word), but for what is rare: parts
 * that their modules load when somebody asks for them. */
static const char *const plain[] = {
    "asyncio",     "collections",     "concurrent",
    "contextlib",  "contextvars",     "copyreg",
    "enum",        "functools",       "heapq",
    "io",          "keyword",         "os",
    "posixpath",   "_os_environ",     "re",
    "reprlib",     "selectors",       "signal",
    "stat",        "threading",       "types",
    "_weakrefset", "weakref",         "abc",
    "operator",    "random",          "_posixpath_more",
    "socket",      "dataclasses",     "_inspect_signature",
    "typing",      "_typing_classes", "_typing_protocol",
    "json",        "inspect",
};
static const char *const rare[] = {
    "asyncio._child_watchers",
    "asyncio._datagrams",
    "asyncio._sendfile",
    "asyncio._unix_pipes",
    "asyncio.base_subprocess",
    "asyncio.sslproto",
    "asyncio.staggered",
    "asyncio.subprocess",
    "asyncio.trsock",
    "collections._user",
    "concurrent.futures.interpreter",
    "concurrent.futures.process",
};
static const char dictionary_name[] = "asyncio.base_events"; /* where it is missing, the largest one */

typedef struct SourceModule {
    char name[200]; /* dotted */
    const char *path;
    bool is_package;
    Value image; /* bytes */
    size_t full; /* its size before it was packed, or 0 */
} SourceModule;

static bool module_of_path(SourceModule *m, const char *path) {
    const char *start = strstr(path, "frozen/"), *end = strrchr(path, '.');
    start = start != NULL ? start + 7 : path;
    if (end == NULL || end <= start || (size_t)(end - start) >= sizeof m->name)
        return false;
    size_t n = (size_t)(end - start);
    m->path = path;
    m->is_package = n > 9 && memcmp(end - 9, "/__init__", 9) == 0;
    n -= m->is_package ? 9 : 0;
    for (size_t i = 0; i < n; i++)
        m->name[i] = start[i] == '/' ? '.' : start[i];
    m->name[n] = 0;
    return true;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const SourceModule *)a)->name, ((const SourceModule *)b)->name);
}

static Value module_image(VM *vm, const SourceModule *m) {
    Value path = str_from_c(vm, m->path), source = path != 0 ? file_read_bytes(vm, path) : VALUE_ERROR;
    Value filename = source != 0 ? str_printf(vm, "<frozen %s>", m->name) : VALUE_ERROR;
    Value code = filename != 0 ? compile_source(vm, source, filename, "exec", 0, 0) : VALUE_ERROR;
    Value image = code != 0 ? image_write(vm, as_code(code), IMAGE_LINES) : VALUE_ERROR;
    decref(vm, code);
    decref(vm, filename);
    decref(vm, source);
    decref(vm, path);
    return image;
}

/* A string literal is what compilers read fastest. Numbers are as short as what follows allows. */
static void print_bytes(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool last = i % 80 == 79 || i + 1 == n;
        if (i % 80 == 0)
            fputs(i == 0 ? "\n    \"" : "\"\n    \"", stdout);
        if (p[i] >= ' ' && p[i] < 127 && strchr("\"\\?", p[i]) == NULL)
            putchar(p[i]);
        else
            printf(!last && p[i + 1] >= '0' && p[i + 1] <= '9' ? "\\%03o" : "\\%o", p[i]);
    }
    fputs("\"", stdout);
}

static bool is_plain(const SourceModule *m) {
    for (size_t i = 0; i < ARRAY_LEN(rare); i++) {
        if (strcmp(m->name, rare[i]) == 0)
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        size_t length = strlen(plain[i]);
        if (strncmp(m->name, plain[i], length) == 0 && (m->name[length] == 0 || m->name[length] == '.'))
            return true;
    }
    return false;
}

#ifdef COVE_WITH_ZLIB
/* Deflates the image, unless that gains nothing. */
static bool image_pack(VM *vm, SourceModule *m, Value dictionary) {
    size_t n = as_bytes(m->image)->len, room = n + n / 8 + 128;
    z_stream z = {.next_in = (Bytef *)as_bytes(m->image)->data, .avail_in = (uInt)n, .avail_out = (uInt)room};
    Bytef *packed = malloc(room);
    bool ok = packed != NULL && deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK;
    if (!ok) {
        free(packed);
        return raise_memory(vm);
    }
    z.next_out = packed;
    ok = deflateSetDictionary(&z, (const Bytef *)as_bytes(dictionary)->data, (uInt)as_bytes(dictionary)->len) ==
             Z_OK &&
         deflate(&z, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&z);
    if (ok && z.total_out < n) {
        Value bytes = bytes_new(vm, (const char *)packed, z.total_out);
        ok = bytes != 0;
        if (ok) {
            set_owned(vm, &m->image, bytes);
            m->full = n;
        }
    } else if (!ok) {
        raise_system(vm, "deflate failed");
    }
    free(packed);
    return ok;
}
#else
static bool image_pack(VM *vm, SourceModule *m, Value dictionary) { return true; }
#endif

static size_t image_size(const SourceModule *m) { return as_bytes(m->image)->len; }

static int find_dictionary(const SourceModule *modules, int n) {
    int largest = 0;
    for (int i = 0; i < n; i++) {
        if (strcmp(modules[i].name, dictionary_name) == 0)
            return i;
        if (image_size(&modules[i]) > image_size(&modules[largest]))
            largest = i;
    }
    return largest;
}

static bool images_make(VM *vm, SourceModule *modules, int n, bool small, int *dictionary) {
    for (int i = 0; i < n; i++) {
        modules[i].image = module_image(vm, &modules[i]);
        if (modules[i].image == 0) {
            fprintf(stderr, "freeze: %s\n", modules[i].path);
            return false;
        }
    }
    *dictionary = find_dictionary(modules, n);
    for (int i = 0; i < n; i++) {
        bool stays = i == *dictionary || (!small && is_plain(&modules[i]));
        if (!stays && !image_pack(vm, &modules[i], modules[*dictionary].image))
            return false;
    }
    return true;
}

static int print_all(VM *vm, SourceModule *modules, int n, bool small) {
    int dictionary;
    if (!images_make(vm, modules, n, small, &dictionary)) {
        sys_report_exception(vm);
        return 1;
    }
    puts("/* Generated by tools/freeze. */\n#include \"stdlib/import/frozen.h\"\n");
    for (int i = 0; i < n; i++) {
        printf("static const char image_%d[] =", i);
        print_bytes((const uint8_t *)as_bytes(modules[i].image)->data, as_bytes(modules[i].image)->len);
        printf(";\n");
    }
    printf("const FrozenModule frozen_modules[] = {\n");
    for (int i = 0; i < n; i++)
        printf("    {\"%s\", %s, image_%d, sizeof image_%d - 1, %zu},\n", modules[i].name,
               modules[i].is_package ? "true" : "false", i, i, modules[i].full);
    printf("    {0},\n};\nconst size_t frozen_modules_count = %d;\n", n);
    if (n > 0)
        printf("const char *const frozen_dictionary = image_%d;\n", dictionary);
    else
        puts("const char *const frozen_dictionary = 0;");
    printf("const size_t frozen_dictionary_size = %zu;\n", n > 0 ? image_size(&modules[dictionary]) : 0);
    for (int i = 0; i < n; i++)
        decref(vm, modules[i].image);
    return 0;
}

int main(int argc, char **argv) {
    bool small = argc > 1 && strcmp(argv[1], "--small") == 0;
    argc -= small;
    argv += small;
    SourceModule *modules = calloc((size_t)argc, sizeof *modules);
    VM *vm = modules != NULL ? vm_create(NULL) : NULL;
    int status = 1;
    bool ok = vm != NULL;
    for (int i = 1; ok && i < argc; i++) {
        ok = module_of_path(&modules[i - 1], argv[i]);
        if (!ok)
            fprintf(stderr, "freeze: no module: %s\n", argv[i]);
    }
    if (ok && stdlib_install(vm) && io_setup_std(vm)) {
        qsort(modules, (size_t)argc - 1, sizeof *modules, compare_names);
        status = print_all(vm, modules, argc - 1, small);
    }
    if (vm != NULL)
        vm_destroy(vm);
    free(modules);
    return status == 0 && fflush(stdout) == 0 ? 0 : 1;
}
