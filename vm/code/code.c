/* Code objects: construction, positions, and the type that scripts see. */
#include "code/code.h"

#include "code/constant.h"
#include "code/image.h"
#include "code/positions.h"
#include "interp/frame.h"
#include "object/descr.h"
#include "object/bytes.h"

/* --- facts derived from opcodes.def
 * ------------------------------------------------------------------------------------------ */

const uint8_t opcode_caches[OPCODE_COUNT] = {
#define OPCODE(name, format, caches, flags, meaning) caches,
#include "code/opcodes.def"
#include "code/quickened.def"
#undef OPCODE
};
const char *const opcode_names[OPCODE_COUNT] = {
#define OPCODE(name, format, caches, flags, meaning) #name,
#include "code/opcodes.def"
#include "code/quickened.def"
#undef OPCODE
};
const char *const opcode_formats[OPCODE_COUNT] = {
#define OPCODE(name, format, caches, flags, meaning) format,
#include "code/opcodes.def"
#include "code/quickened.def"
#undef OPCODE
};

enum {
#define OPCODE(name, format, caches, flags, meaning) +1
    GENERAL_OPCODES = 0
#include "code/opcodes.def"
#undef OPCODE
};

/* --- construction
 * --------------------------------------------------------------------------------------------------------------- */

const Instr code_stub[1] = {INSTR(BC_UNPACK_CODE, 0, 0, 0)};

Code *code_new_shell(VM *vm, const CodeInit *init) {
    Code *c = object_alloc(vm, vm->types.code, 0);
    if (c == NULL)
        return NULL;
    c->instrs = (Instr *)code_stub; /* never written: its instruction does not quicken */
    c->argcount = init->argcount;
    c->posonlyargcount = init->posonlyargcount;
    c->kwonlyargcount = init->kwonlyargcount;
    c->nlocals = init->nlocals;
    c->nregs = init->nregs;
    c->flags = init->flags;
    c->firstlineno = init->firstlineno;
    c->frame_size =
        (uint32_t)(sizeof(Frame) + (init->nregs + (init->flags & CO_OPTIMIZED ? 0u : 1u)) * sizeof(Value));
    c->simple_args = !(init->flags & (CO_VARARGS | CO_VARKEYWORDS)) && init->kwonlyargcount == 0;
    c->simple = c->simple_args && !(init->flags & CO_SUSPENDS) && (init->flags & CO_OPTIMIZED);
    c->name = incref(init->name);
    c->qualname = incref(init->qualname);
    c->filename = incref(init->filename);
    c->freevars = incref(init->freevars);
    return c;
}

bool code_take_block(VM *vm, Code *c, size_t positions_room) {
    size_t values = (size_t)c->ninstrs * sizeof(Instr);
    size_t handlers = values + ((size_t)c->nconsts + c->nnames) * sizeof(Value);
    size_t kinds = handlers + (size_t)c->nhandlers * sizeof(HandlerEntry), positions = kinds + c->nlocals;
    char *block = mem_alloc(vm, positions + positions_room);
    if (block == NULL)
        return false;
    c->block_size = positions + positions_room;
    c->instrs = (Instr *)block;
    c->consts = (Value *)(block + values);
    c->names = c->consts + c->nconsts;
    c->handlers = (HandlerEntry *)(block + handlers);
    c->local_kinds = (uint8_t *)block + kinds;
    c->positions = (uint8_t *)block + positions;
    memset(c->consts, 0, handlers - values);
    return true;
}

static void copy_bytes(void *to, const void *from, size_t n) {
    if (n != 0)
        memcpy(to, from, n);
}

static void copy_values(Value *to, const Value *from, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = incref(from[i]);
}

Value code_new(VM *vm, const CodeInit *init) {
    Code *c = code_new_shell(vm, init);
    if (c == NULL)
        return VALUE_ERROR;
    c->ninstrs = init->ninstrs;
    c->nconsts = init->nconsts;
    c->nnames = init->nnames;
    c->nhandlers = init->nhandlers;
    c->npositions = init->npositions;
    c->positions_size = init->packed_positions != NULL
                            ? init->positions_size
                            : (uint32_t)positions_pack(init->positions, init->npositions, NULL);
    if (!code_take_block(vm, c, c->positions_size)) {
        obj_decref(vm, &c->header);
        return VALUE_ERROR;
    }
    c->local_names = incref(init->local_names);
    c->cellvars = incref(init->cellvars);
    copy_bytes(c->instrs, init->instrs, init->ninstrs * sizeof(Instr));
    copy_values(c->consts, init->consts, init->nconsts);
    copy_values(c->names, init->names, init->nnames);
    copy_bytes(c->handlers, init->handlers, init->nhandlers * sizeof(HandlerEntry));
    copy_bytes(c->local_kinds, init->local_kinds, init->nlocals);
    if (init->packed_positions != NULL)
        copy_bytes((uint8_t *)c->positions, init->packed_positions, c->positions_size);
    else
        positions_pack(init->positions, init->npositions, (uint8_t *)c->positions);
    return from_obj(c);
}

static void code_dealloc(VM *vm, Object *self) {
    Code *c = (Code *)self;
    if (c->block_size != 0) {
        for (size_t i = 0; i < (size_t)c->nconsts + c->nnames; i++)
            decref(vm, c->consts[i]);
        mem_free(vm, c->instrs, c->block_size);
    }
    Value owned[] = {c->name, c->qualname, c->filename, c->local_names, c->freevars, c->cellvars};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        decref(vm, owned[i]);
    image_release(vm, c->image);
}

/* --- positions
 * -------------------------------------------------------------------------------------------------------------------------
 */

bool code_position(const Code *c, uint32_t pc, int *line, int *end_line, int *col, int *end_col) {
    CodePosition p;
    if (!positions_find(c, pc, &p) || p.line < 0)
        return false;
    *line = p.line;
    *end_line = p.end_line;
    *col = p.col;
    *end_col = p.end_col;
    return true;
}

int code_line(const Code *c, uint32_t pc) {
    CodePosition p;
    return positions_find(c, pc, &p) ? p.line : c->firstlineno;
}

/* --- the type
 * ------------------------------------------------------------------------------------------------------------------------------
 */

static Value get_name(VM *vm, Value self) { return (void)vm, incref(as_code(self)->name); }
static Value get_qualname(VM *vm, Value self) { return (void)vm, incref(as_code(self)->qualname); }
static Value get_filename(VM *vm, Value self) { return (void)vm, incref(as_code(self)->filename); }
static Value get_freevars(VM *vm, Value self) { return (void)vm, incref(as_code(self)->freevars); }
static Value get_firstlineno(VM *vm, Value self) { return (void)vm, from_small_int(as_code(self)->firstlineno); }
static Value get_argcount(VM *vm, Value self) { return (void)vm, from_small_int(as_code(self)->argcount); }
static Value get_posonly(VM *vm, Value self) { return (void)vm, from_small_int(as_code(self)->posonlyargcount); }
static Value get_kwonly(VM *vm, Value self) { return (void)vm, from_small_int(as_code(self)->kwonlyargcount); }
static Value get_stacksize(VM *vm, Value self) {
    return (void)vm, from_small_int(as_code(self)->nregs - as_code(self)->nlocals);
}
static Value get_flags(VM *vm, Value self) { return (void)vm, from_small_int(as_code(self)->flags); }
static Value get_cellvars(VM *vm, Value self) {
    return code_ready(vm, as_code(self)) ? incref(as_code(self)->cellvars) : VALUE_ERROR;
}
static Value get_consts(VM *vm, Value self) {
    Code *c = as_code(self);
    return code_ready(vm, c) ? tuple_from_array(vm, c->consts, c->nconsts) : VALUE_ERROR;
}
static Value get_names(VM *vm, Value self) {
    Code *c = as_code(self);
    return code_ready(vm, c) ? tuple_from_array(vm, c->names, c->nnames) : VALUE_ERROR;
}
static Value get_code_bytes(VM *vm, Value self) {
    Code *c = as_code(self);
    return code_ready(vm, c) ? bytes_new(vm, (const char *)c->instrs, c->ninstrs * sizeof(Instr)) : VALUE_ERROR;
}
static Value get_empty_bytes(VM *vm, Value self) { return (void)self, incref(vm->empty_bytes); }

static bool is_parameter(const Code *c, unsigned i) {
    return i < (unsigned)c->argcount + c->kwonlyargcount + !!(c->flags & CO_VARARGS) + !!(c->flags & CO_VARKEYWORDS);
}
/* co_varnames: parameters, and the locals that are neither captured nor a comprehension's. */
static Value get_varnames(VM *vm, Value self) {
    Code *c = as_code(self);
    if (!code_ready(vm, c))
        return VALUE_ERROR;
    Value list = list_new(vm, 0);
    for (unsigned i = 0; list != 0 && i < c->nlocals; i++) {
        if (!is_parameter(c, i) && c->local_kinds[i] != LOCAL_PLAIN)
            continue;
        if (!list_append(vm, list, as_tuple(c->local_names)->items[i])) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    Value tuple = list == 0 ? 0 : tuple_from_list(vm, list);
    decref(vm, list);
    return tuple;
}
static Value get_nlocals(VM *vm, Value self) {
    Value names = get_varnames(vm, self);
    Value n = names == 0 ? 0 : from_small_int((int64_t)as_tuple(names)->len);
    decref(vm, names);
    return n;
}

static Value column(int v) { return v < 0 ? VALUE_NONE : from_small_int(v); }

static Value iterator_of(VM *vm, Value list) {
    Value it = list == 0 ? 0 : iter_get(vm, list);
    decref(vm, list);
    return it;
}

static Value method_positions(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    Code *c = as_code(self);
    if (!code_ready(vm, c))
        return VALUE_ERROR;
    Value list = list_new(vm, 0);
    PositionReader r;
    positions_start(&r, c);
    CodePosition now = {0, -1, -1, -1, -1};
    bool more = positions_next(&r);
    for (uint32_t pc = 0; list != 0 && pc < c->ninstrs; pc++) {
        for (; more && r.now.pc <= pc; more = positions_next(&r))
            now = r.now.line < 0 ? (CodePosition){pc, -1, -1, -1, -1} : r.now;
        Value entry = tuple_pack(vm, 4, column(now.line), column(now.end_line), column(now.col), column(now.end_col));
        if (entry == 0 || !list_append_steal(vm, list, entry)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return iterator_of(vm, list);
}

/* Offsets that scripts see are in bytes: a word is 8. */
static Value method_lines(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    Code *c = as_code(self);
    if (!code_ready(vm, c))
        return VALUE_ERROR;
    Value list = list_new(vm, 0);
    PositionReader r;
    positions_start(&r, c);
    for (bool more = positions_next(&r); list != 0 && more;) {
        int64_t start = r.now.pc;
        int line = r.now.line;
        do
            more = positions_next(&r);
        while (more && r.now.line == line);
        int64_t end = more ? r.now.pc : c->ninstrs;
        Value entry = tuple_pack(vm, 3, from_small_int(start * 8), from_small_int(end * 8), column(line));
        if (entry == 0 || !list_append_steal(vm, list, entry)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return iterator_of(vm, list);
}

/* What instructions and calls rely on: how arguments are bound, what kind of frame there is, what stands where. */
#define FLAGS_FIXED                                                                                                  \
    (CO_OPTIMIZED | CO_NEWLOCALS | CO_VARARGS | CO_VARKEYWORDS | CO_SUSPENDS | CO_HAS_DOCSTRING | CO_METHOD)

/* May the constant stand in the place of another? Instructions know of which type theirs are: small ints are added
 * without a look, functions are made of code, keywords are named by tuples. */
static bool constant_fits(VM *vm, Value old, Value v) {
    if (type_of(vm, old) != type_of(vm, v) || is_obj(old) != is_obj(v))
        return false;
    if (has_kind(old, KIND_CODE))
        return as_tuple(as_code(old)->freevars)->len == as_tuple(as_code(v)->freevars)->len;
    if (!is_tuple(old))
        return true;
    const Tuple *t = as_tuple(old), *u = as_tuple(v);
    bool fits = t->len == u->len;
    for (size_t i = 0; fits && i < t->len; i++)
        fits = constant_fits(vm, t->items[i], u->items[i]);
    return fits;
}

static bool constants_fit(VM *vm, const Code *c, Value v) {
    bool fit = is_tuple(v) && as_tuple(v)->len == c->nconsts;
    for (size_t i = 0; fit && i < c->nconsts; i++)
        fit = constant_fits(vm, c->consts[i], as_tuple(v)->items[i]);
    return fit;
}

/* A copy with some fields replaced: those that make sense without rewriting the instructions. */
static Value method_replace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Code *c = as_code(self);
    if (nargs != 0)
        return raise_type(vm, "replace() takes no positional arguments");
    if (!code_ready(vm, c))
        return VALUE_ERROR;
    CodeInit init = {.instrs = c->instrs,
                     .ninstrs = c->ninstrs,
                     .consts = c->consts,
                     .nconsts = c->nconsts,
                     .names = c->names,
                     .nnames = c->nnames,
                     .handlers = c->handlers,
                     .nhandlers = c->nhandlers,
                     .packed_positions = c->positions,
                     .npositions = c->npositions,
                     .positions_size = c->positions_size,
                     .local_kinds = c->local_kinds,
                     .argcount = c->argcount,
                     .posonlyargcount = c->posonlyargcount,
                     .kwonlyargcount = c->kwonlyargcount,
                     .nlocals = c->nlocals,
                     .nregs = c->nregs,
                     .flags = c->flags,
                     .firstlineno = c->firstlineno,
                     .name = c->name,
                     .qualname = c->qualname,
                     .filename = c->filename,
                     .local_names = c->local_names,
                     .freevars = c->freevars,
                     .cellvars = c->cellvars};
    for (size_t i = 0; kwnames != 0 && i < as_tuple(kwnames)->len; i++) {
        Value name = as_tuple(kwnames)->items[i], v = args[i];
        int number;
        if (str_equals_c(name, "co_name") && is_str(v))
            init.name = v;
        else if (str_equals_c(name, "co_qualname") && is_str(v))
            init.qualname = v;
        else if (str_equals_c(name, "co_filename") && is_str(v))
            init.filename = v;
        else if (str_equals_c(name, "co_consts") && constants_fit(vm, c, v))
            init.consts = as_tuple(v)->items;
        else if (str_equals_c(name, "co_firstlineno") && to_c_int(vm, v, &number))
            init.firstlineno = number;
        else if (str_equals_c(name, "co_flags") && to_c_int(vm, v, &number) &&
                 !(((uint32_t)number ^ c->flags) & FLAGS_FIXED))
            init.flags = (uint32_t)number;
        else
            return error_pending(vm) ? VALUE_ERROR : raise_type(vm, "replace() cannot change %R to %R here", name, v);
    }
    return code_new(vm, &init);
}

static const MethodSpec code_methods[] = {
    {"co_positions", method_positions, "", "Iterator over (line, end line, column, end column) of every word.", 0},
    {"co_lines", method_lines, "", "Iterator over (start, end, line) of ranges of instructions.", 0},
    {"replace", method_replace, "**changes", "A copy with some attributes changed.", 0},
    {"__replace__", method_replace, "**changes", "The same, for copy.replace.", 0},
    {0},
};

static const GetSetSpec code_getset[] = {
    {"co_name", get_name, NULL, "Name."},
    {"co_qualname", get_qualname, NULL, "Name with the path of the scopes around it."},
    {"co_filename", get_filename, NULL, "File."},
    {"co_firstlineno", get_firstlineno, NULL, "First line."},
    {"co_argcount", get_argcount, NULL, "Number of positional parameters."},
    {"co_posonlyargcount", get_posonly, NULL, "Number of positional-only parameters."},
    {"co_kwonlyargcount", get_kwonly, NULL, "Number of keyword-only parameters."},
    {"co_nlocals", get_nlocals, NULL, "Number of local variables."},
    {"co_varnames", get_varnames, NULL, "Parameters and local variables."},
    {"co_freevars", get_freevars, NULL, "Variables of enclosing functions."},
    {"co_cellvars", get_cellvars, NULL, "Local variables that inner functions use."},
    {"co_consts", get_consts, NULL, "Constants."},
    {"co_names", get_names, NULL, "Names of globals and attributes."},
    {"co_flags", get_flags, NULL, "Kind of code (inspect.CO_*)."},
    {"co_stacksize", get_stacksize, NULL, "Number of temporaries."},
    {"co_code", get_code_bytes, NULL, "Instructions."},
    {"co_linetable", get_empty_bytes, NULL, "Empty: see co_positions."},
    {"co_exceptiontable", get_empty_bytes, NULL, "Empty: the table is internal."},
    {0},
};

static Value code_repr(VM *vm, Value self) {
    Code *c = as_code(self);
    Value at = address_text(vm, self);
    Value r = at == 0 ? 0
                      : str_printf(vm, "<code object %V at %V, file \"%V\", line %d>", c->name, at, c->filename,
                                   c->firstlineno);
    decref(vm, at);
    return r;
}

/* --- equality ----------------------------------------------------------------------------------------------------
 */

unsigned opcode_general(unsigned op) {
    if (op < GENERAL_OPCODES)
        return op;
    unsigned found = strncmp(opcode_names[op], "FOR_", 4) == 0 ? BC_FOR_ITER : op;
    size_t longest = 0;
    for (unsigned i = 0; i < GENERAL_OPCODES; i++) {
        size_t n = strlen(opcode_names[i]);
        if (n > longest && strncmp(opcode_names[op], opcode_names[i], n) == 0 && opcode_names[op][n] == '_') {
            found = i;
            longest = n;
        }
    }
    return found;
}

/* Of the cache words, the low half of the first is part of the program (a name, a jump); calls only use theirs so
 * where it holds keywords. */
static bool same_instructions(const Code *x, const Code *y) {
    for (uint32_t pc = 0; pc < x->ninstrs;) {
        Instr a = x->instrs[pc], b = y->instrs[pc];
        unsigned op = opcode_general(instr_op(a));
        if (a >> 16 != b >> 16 || op != opcode_general(instr_op(b)))
            return false;
        bool program = opcode_caches[op] != 0 && op != BC_CALL && op != BC_CALL_METHOD;
        if (program && (uint32_t)x->instrs[pc + 1] != (uint32_t)y->instrs[pc + 1])
            return false;
        pc += 1u + opcode_caches[op];
    }
    return true;
}

static int same_code(VM *vm, Code *x, Code *y); /* 1, 0, -1 */

static int same_values(VM *vm, const Value *a, const Value *b, size_t n) {
    int same = 1;
    for (size_t i = 0; same > 0 && i < n; i++) {
        bool codes = has_kind(a[i], KIND_CODE) && has_kind(b[i], KIND_CODE);
        same = codes ? same_code(vm, as_code(a[i]), as_code(b[i])) : constant_same(a[i], b[i]);
    }
    return same;
}

static bool same_positions(const Code *x, const Code *y) {
    return x->positions_size == y->positions_size &&
           (x->positions_size == 0 || memcmp(x->positions, y->positions, x->positions_size) == 0);
}

static bool same_frame(const Code *x, const Code *y) {
    return x->nlocals == y->nlocals && x->argcount == y->argcount && x->posonlyargcount == y->posonlyargcount &&
           x->kwonlyargcount == y->kwonlyargcount && x->flags == y->flags && x->firstlineno == y->firstlineno &&
           constant_same(x->name, y->name) && constant_same(x->qualname, y->qualname) &&
           constant_same(x->local_names, y->local_names) && constant_same(x->freevars, y->freevars) &&
           constant_same(x->cellvars, y->cellvars);
}

static int same_code(VM *vm, Code *x, Code *y) {
    if (x == y)
        return 1;
    if (!code_ready(vm, x) || !code_ready(vm, y))
        return -1;
    if (x->ninstrs != y->ninstrs || x->nconsts != y->nconsts || x->nnames != y->nnames || !same_frame(x, y) ||
        !same_instructions(x, y) || !same_positions(x, y) || same_values(vm, x->names, y->names, x->nnames) <= 0)
        return 0;
    return same_values(vm, x->consts, y->consts, x->nconsts);
}

static Value code_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !has_kind(b, KIND_CODE))
        return VALUE_NOTIMPL;
    int same = same_code(vm, as_code(a), as_code(b));
    return same < 0 ? VALUE_ERROR : from_bool((same != 0) == (op == CMP_EQ));
}

static bool hash_code(VM *vm, Code *c, uint64_t *out) {
    if (!code_ready(vm, c))
        return false;
    uint64_t h = (uint64_t)str_hash(vm, as_str(c->name)) ^ (uint64_t)c->ninstrs << 32 ^ (uint64_t)c->firstlineno;
    for (uint32_t i = 0; i < c->nconsts; i++) {
        uint64_t inner;
        if (!has_kind(c->consts[i], KIND_CODE))
            inner = constant_hash(vm, c->consts[i]);
        else if (!hash_code(vm, as_code(c->consts[i]), &inner))
            return false;
        h = h * 1000003 ^ inner;
    }
    *out = h;
    return true;
}

static bool code_hash(VM *vm, Value self, int64_t *out) {
    uint64_t h;
    if (!hash_code(vm, as_code(self), &h))
        return false;
    *out = (int64_t)h == -1 ? -2 : (int64_t)h;
    return true;
}

const TypeSpec code_spec = {
    .name = "code",
    .doc = "Compiled code of a function, class body or module.",
    .size = sizeof(Code),
    .flags = TYPE_NO_NEW,
    .kind = KIND_CODE,
    .slots = {.dealloc = code_dealloc, .repr = code_repr, .compare = code_compare, .hash = code_hash},
    .methods = code_methods,
    .getset = code_getset,
};
