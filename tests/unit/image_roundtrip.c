/* Compiled code goes into an image and comes back the same; a damaged image is refused, or gives code that keeps the
 * contract, but never breaks the loader.
 *
 * Usage: image_roundtrip FILE.co ...
 * Each file is compiled and written; what is loaded from that must list the same instructions and be written to the
 * same bytes. Then bytes of the image are changed, by a fixed series of pseudo-random numbers, and the image is cut
 * short. */
#include "runtime/vm.h"

#include "code/image.h"
#include "compiler/compile.h"
#include "object/bytes.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t *data_of(Value image) { return (const uint8_t *)as_bytes(image)->data; }

/* The listings of a code object and of all inside it. */
static bool list_all(VM *vm, Code *c, StrBuilder *out) {
    Value text = code_disassemble(vm, c);
    bool ok = text != 0 && strbuilder_printf(out, "%V %R %R\n%V", c->qualname, c->freevars, c->cellvars, text);
    decref(vm, text);
    for (uint32_t i = 0; ok && i < c->nconsts; i++)
        if (has_kind(c->consts[i], KIND_CODE))
            ok = list_all(vm, as_code(c->consts[i]), out);
    return ok;
}

/* Addresses differ: what stands behind " at 0x" is left out. */
static Value listing(VM *vm, Value code) {
    StrBuilder out, plain;
    strbuilder_init(&out, vm);
    strbuilder_init(&plain, vm);
    Value text = list_all(vm, as_code(code), &out) ? strbuilder_finish(&out) : VALUE_ERROR;
    const char *p = text != 0 ? str_data(text) : "";
    for (const char *at; (at = strstr(p, " at 0x")) != NULL; p = at + 6 + strspn(at + 6, "0123456789abcdef"))
        strbuilder_add(&plain, p, (size_t)(at - p));
    strbuilder_add_c(&plain, p);
    decref(vm, text);
    return strbuilder_finish(&plain);
}

static bool same_text(VM *vm, Value a, Value b) {
    Value x = listing(vm, a), y = listing(vm, b);
    bool same = x != 0 && y != 0 && str_equal(as_str(x), as_str(y));
    decref(vm, x);
    decref(vm, y);
    return same;
}

static bool same_again(VM *vm, Value code, Value image, Value loaded) {
    Value again = loaded != 0 ? image_write(vm, as_code(loaded), IMAGE_COLUMNS) : VALUE_ERROR;
    bool same = again != 0 && as_bytes(again)->len == as_bytes(image)->len &&
                memcmp(data_of(again), data_of(image), as_bytes(image)->len) == 0 && same_text(vm, code, loaded);
    decref(vm, again);
    return same;
}

static bool roundtrip(VM *vm, Value code, Value image) {
    Value lazy = image_load_builtin(vm, data_of(image), as_bytes(image)->len);
    Value checked = image_load(vm, data_of(image), as_bytes(image)->len);
    bool ok = same_again(vm, code, image, lazy) && same_again(vm, code, image, checked);
    decref(vm, lazy);
    decref(vm, checked);
    return ok;
}

/* Whether each word of the code, and of all code in it, is of the same line. */
static bool same_lines(VM *vm, Code *a, Code *b) {
    if (!code_ready(vm, a) || !code_ready(vm, b) || a->ninstrs != b->ninstrs)
        return false;
    for (uint32_t pc = 0; pc < a->ninstrs; pc++) {
        if (code_line(a, pc) != code_line(b, pc))
            return false;
    }
    for (uint32_t i = 0; i < a->nconsts; i++) {
        if (is_obj(a->consts[i]) && as_obj(a->consts[i])->kind == KIND_CODE &&
            !same_lines(vm, as_code(a->consts[i]), as_code(b->consts[i])))
            return false;
    }
    return true;
}

/* An image without columns is no larger, and keeps the lines. */
static bool lines_only(VM *vm, Value code, Value image) {
    Value small = image_write(vm, as_code(code), IMAGE_LINES);
    Value loaded = small != 0 ? image_load(vm, data_of(small), as_bytes(small)->len) : VALUE_ERROR;
    bool ok =
        loaded != 0 && as_bytes(small)->len <= as_bytes(image)->len && same_lines(vm, as_code(code), as_code(loaded));
    decref(vm, loaded);
    decref(vm, small);
    return ok;
}

static void load_damaged(VM *vm, const char *data, size_t n) {
    Value code = image_load(vm, (const uint8_t *)data, n);
    if (code == 0)
        error_clear(vm);
    decref(vm, code);
}

static bool damage(VM *vm, Value image) {
    size_t n = as_bytes(image)->len;
    uint32_t random = 12345;
    for (int round = 0; round < 60; round++) {
        Value copy = bytes_new(vm, as_bytes(image)->data, n);
        if (copy == 0)
            return false;
        for (int i = 0; i < 1 + round % 3; i++) {
            random = random * 1664525 + 1013904223;
            as_bytes(copy)->data[12 + (random >> 8) % (n - 12)] ^= (char)(1 + (random >> 3) % 255);
        }
        load_damaged(vm, as_bytes(copy)->data, n);
        load_damaged(vm, as_bytes(image)->data, n * (size_t)round / 60);
        decref(vm, copy);
    }
    return true;
}

static bool test_file(VM *vm, const char *name) {
    Value path = str_from_c(vm, name), source = path != 0 ? file_read_bytes(vm, path) : VALUE_ERROR;
    Value code = source != 0 ? compile_source(vm, source, path, "exec", 0, 0) : VALUE_ERROR;
    Value image = code != 0 ? image_write(vm, as_code(code), IMAGE_COLUMNS) : VALUE_ERROR;
    bool ok = image != 0 && roundtrip(vm, code, image) && lines_only(vm, code, image) && damage(vm, image);
    decref(vm, image);
    decref(vm, code);
    decref(vm, source);
    decref(vm, path);
    if (error_pending(vm))
        sys_report_exception(vm);
    return ok;
}

int main(int argc, char **argv) {
    /* A set's order depends on the order in which it was filled where hashes collide: with fixed hashes a set
     * constant that comes back is written, and shown, as before. */
    VM *vm = vm_create(&(VmSetup){.hash_seed = 1});
    if (vm == NULL || !stdlib_install(vm) || !io_setup_std(vm))
        return 2;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (!test_file(vm, argv[i])) {
            printf("FAILED %s\n", argv[i]);
            failed++;
        }
    }
    printf("images: %d files, %d failed\n", argc - 1, failed);
    vm_destroy(vm);
    return failed != 0;
}
