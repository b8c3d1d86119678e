/* What all stages behind the parser share during one compilation: names as small numbers, maps, errors, warnings. */
#ifndef COVE_CONTEXT_H
#define COVE_CONTEXT_H

#include "runtime/vm.h"
#include "compiler/ast.h"
#include "compiler/parser.h"

/* An identifier by number: equal texts have equal numbers, private names after mangling. 0 is no name. */
typedef uint32_t NameId;

/* Open addressing from nonzero keys to 64-bit values; lives in the arena and only grows. */
typedef struct Map {
    uint64_t *keys, *values;
    uint32_t used, capacity;
} Map;

/* The slot of a key: its value, or NULL. */
uint64_t *map_find(const Map *map, uint64_t key);
/* The slot of a key, made (with value 0) if it is not there. NULL without memory. */
uint64_t *map_slot(Arena *arena, Map *map, uint64_t key);

struct Scope;
struct Unit;
struct ConstTable;

typedef struct Compiler {
    VM *vm;
    Arena arena;
    const AstModule *module;
    Value filename; /* borrowed */
    int optimize;
    bool future_annotations, barry, top_level_await, show_last;
    int future_line, future_col; /* where the last `from __future__` import that counts begins; line 0: none */
    bool declaring;              /* before code generation: errors have the message alone in their args */
    bool failed;                 /* an exception is pending: everything else is skipped as quickly as possible */
    uint32_t depth;
    Map ids, id_of_value, mangled, scopes;
    Value *names; /* by NameId, owned interned strings */
    uint32_t nnames, names_capacity;
    struct Scope *top_scope;
    struct Unit *unit, *spare_units;
    struct ConstTable *constants;
    NameId id_class, id_classdict, id_super, id_debug, id_type_params, id_generic_base, id_defaults, id_kwdefaults,
        id_dot0, id_self;
} Compiler;

bool context_init(Compiler *c, VM *vm, Value filename);
void context_free(Compiler *c);

/* Raise, once: later calls are ignored. All return false. */
bool context_nomem(Compiler *c);
bool context_error(Compiler *c, const Span *at, const char *format, ...);
/* How SyntaxError.text is found: the parser has the text at hand whether or not it came from a file. */
enum { TEXT_OF_FILE, TEXT_LINE, TEXT_LINE_WITHOUT_END };
bool context_error_columns(Compiler *c, int line, int offset, int end_line, int end_offset, Value message,
                           int which_text);
/* A failed call of the VM has left its exception. */
bool context_fail(Compiler *c);
bool context_warn(Compiler *c, const Span *at, const char *format, ...);
/* False with RecursionError when the tree is too deep for the C stack. Every true is paired with context_leave. */
bool context_enter(Compiler *c);
static inline void context_leave(Compiler *c) { c->depth--; }

NameId context_id(Compiler *c, const Name *name);
NameId context_id_c(Compiler *c, const char *text);
NameId context_id_value(Compiler *c, Value interned); /* borrowed */
/* As context_id, but `__name` becomes `_Class__name` inside class `private` (NULL: none); with `only`, just for names
 * whose ids are in it. */
NameId context_mangled(Compiler *c, const Name *private, const Map *only, const Name *name);
static inline Value context_name(const Compiler *c, NameId id) { return c->names[id]; } /* borrowed */
static inline const char *context_text(const Compiler *c, NameId id) { return str_data(c->names[id]); }

/* Builds the SyntaxError (or a subclass) with all its fields; offsets count from 1, end_offset INT32_MIN is None. */
Value context_syntax_error(VM *vm, Type *type, Value message, Value filename, int line, int offset, Value text,
                           int end_line, int end_offset);

#endif
