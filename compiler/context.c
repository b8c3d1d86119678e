/* The state of one compilation.
 *
 * Invariant: once `failed` is set an exception is pending and no function here calls into the VM any more; the stages
 * go on returning quickly without looking at each result. Names are numbered by their interned string, so a mangled
 * name and the same text written out are one name. */
#include "runtime/vm.h"

#include "compiler/context.h"
#include "runtime/warnings.h"

#include <stdio.h>
#include <unistd.h>

static uint32_t map_hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15u;
    return (uint32_t)(key >> 32);
}

uint64_t *map_find(const Map *map, uint64_t key) {
    if (map->capacity == 0)
        return NULL;
    uint32_t mask = map->capacity - 1;
    for (uint32_t i = map_hash(key) & mask; map->keys[i]; i = (i + 1) & mask) {
        if (map->keys[i] == key)
            return &map->values[i];
    }
    return NULL;
}

static bool map_grow(Arena *arena, Map *map) {
    uint32_t capacity = map->capacity ? map->capacity * 2 : 8;
    uint64_t *keys = arena_alloc_zero(arena, sizeof(uint64_t) * 2 * (size_t)capacity);
    if (!keys)
        return false;
    uint64_t *values = keys + capacity;
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (!map->keys[i])
            continue;
        uint32_t at = map_hash(map->keys[i]) & (capacity - 1);
        while (keys[at])
            at = (at + 1) & (capacity - 1);
        keys[at] = map->keys[i];
        values[at] = map->values[i];
    }
    map->keys = keys;
    map->values = values;
    map->capacity = capacity;
    return true;
}

uint64_t *map_slot(Arena *arena, Map *map, uint64_t key) {
    uint64_t *found = map_find(map, key);
    if (found)
        return found;
    if ((map->used + 1) * 4 > map->capacity * 3 && !map_grow(arena, map))
        return NULL;
    uint32_t mask = map->capacity - 1, i = map_hash(key) & mask;
    while (map->keys[i])
        i = (i + 1) & mask;
    map->keys[i] = key;
    map->used++;
    return &map->values[i];
}

static void *arena_memory(void *data, void *old, size_t old_size, size_t new_size) {
    VM *vm = data;
    if (new_size == 0) {
        mem_free(vm, old, old_size);
        return NULL;
    }
    void *memory = old ? mem_realloc(vm, old, old_size, new_size) : mem_alloc(vm, new_size);
    if (!memory && !vm->stopping) /* when stopping, that is the reason */
        error_clear(vm);          /* reported once, by whoever sees that the arena failed */
    return memory;
}

bool context_init(Compiler *c, VM *vm, Value filename) {
    memset(c, 0, sizeof *c);
    c->vm = vm;
    c->filename = filename;
    arena_init(&c->arena, arena_memory, vm);
    c->nnames = 1;
    c->id_class = context_id_c(c, "__class__");
    c->id_classdict = context_id_c(c, "__classdict__");
    c->id_super = context_id_c(c, "super");
    c->id_debug = context_id_c(c, "__debug__");
    c->id_type_params = context_id_c(c, ".type_params");
    c->id_generic_base = context_id_c(c, ".generic_base");
    c->id_defaults = context_id_c(c, ".defaults");
    c->id_kwdefaults = context_id_c(c, ".kwdefaults");
    c->id_dot0 = context_id_c(c, ".0");
    c->id_self = context_id_c(c, "self");
    return !c->failed;
}

void context_free(Compiler *c) {
    for (uint32_t i = 1; i < c->nnames; i++)
        decref(c->vm, c->names[i]);
    mem_free(c->vm, c->names, c->names_capacity * sizeof(Value));
    arena_free(&c->arena);
}

bool context_fail(Compiler *c) {
    c->failed = true;
    return false;
}

bool context_nomem(Compiler *c) {
    if (!c->failed && !error_pending(c->vm))
        raise_memory(c->vm);
    return context_fail(c);
}

bool context_enter(Compiler *c) {
    char here;
    if (c->failed)
        return false;
    if (likely(&here > c->vm->thread->stack_limit || !c->vm->thread->stack_limit)) {
        c->depth++;
        return true;
    }
    raisef(c->vm, c->vm->exc.RecursionError, "maximum recursion depth exceeded during compilation");
    return context_fail(c);
}

NameId context_id_value(Compiler *c, Value interned) {
    if (c->failed)
        return 0;
    uint64_t *slot = map_slot(&c->arena, &c->id_of_value, interned);
    if (!slot) {
        context_nomem(c);
        return 0;
    }
    if (*slot)
        return (NameId)*slot;
    if (c->nnames >= c->names_capacity) {
        uint32_t capacity = c->names_capacity ? c->names_capacity * 2 : 64;
        Value *names = mem_realloc(c->vm, c->names, c->names_capacity * sizeof(Value), capacity * sizeof(Value));
        if (!names) {
            context_fail(c);
            return 0;
        }
        names[0] = 0;
        c->names = names;
        c->names_capacity = capacity;
    }
    c->names[c->nnames] = incref(interned);
    *slot = c->nnames;
    return c->nnames++;
}

static NameId id_of_text(Compiler *c, const char *text, size_t length) {
    if (c->failed)
        return 0;
    Value name = str_new(c->vm, text, length);
    if (name)
        name = str_intern(c->vm, name);
    if (!name) {
        context_fail(c);
        return 0;
    }
    NameId id = context_id_value(c, name);
    decref(c->vm, name);
    return id;
}

NameId context_id_c(Compiler *c, const char *text) { return id_of_text(c, text, strlen(text)); }

NameId context_id(Compiler *c, const Name *name) {
    uint64_t *slot = map_slot(&c->arena, &c->ids, (uint64_t)(uintptr_t)name);
    if (!slot) {
        context_nomem(c);
        return 0;
    }
    if (*slot == 0) {
        NameId id = id_of_text(c, name->text, name->length);
        *slot = id;
        return id;
    }
    return (NameId)*slot;
}

NameId context_mangled(Compiler *c, const Name *private, const Map *only, const Name *name) {
    const char *text = name->text;
    size_t length = name->length;
    if (likely(!private || text[0] != '_' || text[1] != '_'))
        return context_id(c, name);
    if ((text[length - 1] == '_' && text[length - 2] == '_') || memchr(text, '.', length))
        return context_id(c, name);
    if (only && !map_find(only, context_id(c, name)))
        return context_id(c, name);
    const char *owner = private->text;
    while (*owner == '_')
        owner++;
    if (!*owner)
        return context_id(c, name);
    size_t owner_length = private->length - (size_t)(owner - private->text);
    char *joined = arena_alloc(&c->arena, owner_length + length + 2);
    if (!joined) {
        context_nomem(c);
        return 0;
    }
    joined[0] = '_';
    memcpy(joined + 1, owner, owner_length);
    memcpy(joined + 1 + owner_length, text, length + 1);
    return id_of_text(c, joined, owner_length + length + 1);
}

/* Errors -----------------------------------------------------------------------------------------------------------
 */

Value context_syntax_error(VM *vm, Type *type, Value message, Value filename, int line, int offset, Value text,
                           int end_line, int end_offset) {
    Value end_column = end_offset == INT32_MIN ? VALUE_NONE : from_small_int(end_offset);
    Value where = tuple_pack(vm, 6, filename, from_small_int(line), from_small_int(offset), text ? text : VALUE_NONE,
                             from_small_int(end_line), end_column);
    if (!where)
        return VALUE_ERROR;
    Value args[2] = {message, where};
    Value error = exception_new(vm, type, args, 2);
    decref(vm, where);
    return error;
}

/* The text of a line for SyntaxError.text. The compiler shows it only of a file that is there to be read; the parser
 * always does. */
static Value source_line(Compiler *c, int line, int which) {
    if (!c->module || !c->module->text)
        return VALUE_NONE;
    if (which == TEXT_OF_FILE && (!is_str(c->filename) || access(str_data(c->filename), R_OK) != 0))
        return VALUE_NONE;
    const char *at = c->module->text, *end = at + c->module->text_length;
    for (int i = 1; i < line && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            return VALUE_NONE;
        at = newline + 1;
    }
    if (at >= end)
        return VALUE_NONE;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return str_new(c->vm, at, (size_t)((stop ? stop + (which != TEXT_LINE_WITHOUT_END) : end) - at));
}

bool context_error_columns(Compiler *c, int line, int offset, int end_line, int end_offset, Value message,
                           int which_text) {
    VM *vm = c->vm;
    if (c->failed)
        return false;
    c->failed = true;
    Value text = source_line(c, line, which_text);
    if (!text)
        return false;
    Value error =
        context_syntax_error(vm, vm->exc.SyntaxError, message, c->filename, line, offset, text, end_line, end_offset);
    decref(vm, text);
    if (error && c->declaring) {
        Value args = tuple_pack(vm, 1, message);
        if (!args) {
            decref(vm, error);
            return false;
        }
        set_owned(vm, &as_exception(error)->args, args);
    }
    if (error) {
        raise_object(vm, error);
        decref(vm, error);
    }
    return false;
}

bool context_error(Compiler *c, const Span *at, const char *format, ...) {
    if (c->failed)
        return false;
    va_list args;
    va_start(args, format);
    Value message = str_vprintf(c->vm, format, args);
    va_end(args);
    if (!message)
        return context_fail(c);
    context_error_columns(c, at->line, at->col + 1, at->end_line, at->end_col + 1, message, TEXT_OF_FILE);
    decref(c->vm, message);
    return false;
}

bool context_warn(Compiler *c, const Span *at, const char *format, ...) {
    VM *vm = c->vm;
    if (c->failed)
        return false;
    va_list args;
    va_start(args, format);
    Value message = str_vprintf(vm, format, args);
    va_end(args);
    if (!message)
        return context_fail(c);
    bool ok = warnings_explicit(vm, from_obj(vm->exc.SyntaxWarning), message, c->filename, at->line, 0, 0, 0);
    if (!ok) {
        if (error_matches(vm, vm->exc.SyntaxWarning)) {
            error_clear(vm);
            context_error_columns(c, at->line, at->col + 1, at->end_line, at->end_col + 1, message, TEXT_OF_FILE);
        } else {
            context_fail(c);
        }
    }
    decref(vm, message);
    return ok;
}
