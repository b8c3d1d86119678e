/* Special methods as frames: what an instruction does when a method of a script class serves it.
 *
 * `a + b`, `a < b`, `not a`, `a[b]`, `a.b` may each need a script function, or several one after the other: the first
 * may answer NotImplemented. None of them runs in a nested interpreter. The instruction pushes a frame for the first
 * one (RET_OPERATION) and stands still; when it returns, the operation goes on from where it was, with another frame
 * or with the result, and only then drops its operands, writes its destination or jumps.
 *
 * The frame in flight carries what is needed to go on: the opcode in `dst` (the instruction may have been quickened
 * meanwhile, by the very method), and in `aux` which methods have been tried and how many words back from the
 * caller's pc the instruction is.
 *
 * Whatever is not a plain script function, natively defined methods included, is called as everywhere else. */
#include "interp/operation.h"

#include "object/descr.h"
#include "object/type.h"

/* What has been tried; the newest bit is the one in flight. */
enum Tried {
    TRIED_INPLACE = 1,
    TRIED_LEFT = 2,
    TRIED_RIGHT = 4,
    TRIED_ONLY = 8,       /* operations with one method */
    TRIED_LEN = 16,       /* truth by __len__ */
    RESULT_INVERTED = 32, /* __ne__ by __eq__ */
};

typedef struct Operation {
    VM *vm;
    Frame *frame;
    Instr ins;
    Opcode op;
    unsigned tried;
    Frame **callee;
} Operation;

static Value operand(const Operation *o, unsigned at) { return o->frame->regs[at]; }
static Value left_operand(const Operation *o) { return operand(o, instr_b(o->ins)); }
static Value right_operand(const Operation *o) {
    unsigned c = instr_c(o->ins);
    return opcode_formats[o->op][2] == 'k' ? o->frame->code->consts[c] : operand(o, c);
}

static bool is_script_made(Value v) { return is_obj(v) && (obj_type(as_obj(v))->flags & TYPE_HEAP); }
static const Type *native_base(const Type *t) {
    while (t->flags & TYPE_HEAP)
        t = t->base;
    return t;
}

/* The script function that is the special method of v's class, borrowed; 0: it is something else, or there is none.
 */
static Value script_method(VM *vm, Value v, Value name) {
    return is_script_made(v) ? type_script_method(vm, obj_type(as_obj(v)), name) : 0;
}

Frame *operation_push(VM *vm, Frame *f, Value function, Value *args, size_t nargs, ReturnKind ret) {
    Function *fn = as_function(function);
    Code *code = fn->code;
    if (!code->simple || code->argcount != nargs)
        return NULL;
    Frame *callee = frame_push(vm, vm->thread, code);
    if (callee == NULL)
        return NULL;
    obj_incref(&fn->header);
    callee->func = fn;
    for (size_t i = 0; i < nargs; i++)
        callee->regs[i] = incref(args[i]);
    memset(callee->regs + nargs, 0, (code->nregs - nargs) * sizeof(Value));
    callee->previous = f;
    callee->ret = (uint8_t)ret;
    return callee;
}

static bool push(Operation *o, Value function, Value *args, size_t nargs) {
    Frame *callee = operation_push(o->vm, o->frame, function, args, nargs, RET_OPERATION);
    if (callee == NULL)
        return false;
    callee->dst = (uint16_t)o->op;
    callee->aux = (uint16_t)(o->tried | (1u + opcode_caches[o->op]) << 8);
    *o->callee = callee;
    return true;
}

/* The result of a method: of a frame pushed now (0, with *callee set), or of a call. */
static Value run(Operation *o, Value function, Value *args, size_t nargs) {
    if (push(o, function, args, nargs))
        return 0;
    return error_pending(o->vm) ? VALUE_ERROR : function_call(o->vm, function, args, nargs, 0);
}

/* --- names ---------------------------------------------------------------------------------------------------------
 */

typedef struct OperatorNames {
    size_t plain, reflected; /* offsets in Names */
} OperatorNames;

static const OperatorNames operator_names[BINARY_OPS] = {
#define SLOT(name, slot, kind)
#define SLOT_NUMBER(name, slot)
#define SLOT_COMPARE(name, op)
#define SLOT_UNARY(...)
#define SLOT_INPLACE(name, op)
#define SLOT_BINARY(name, rname, op) [op] = {offsetof(Names, n_##name), offsetof(Names, n_##rname)},
#include "object/slots.def"
#undef SLOT_BINARY
#undef SLOT_INPLACE
};
static const size_t inplace_names[INPLACE_OPS] = {
#define SLOT_BINARY(name, rname, op)
#define SLOT_INPLACE(name, op) [op] = offsetof(Names, n_##name),
#include "object/slots.def"
#undef SLOT_COMPARE
#undef SLOT_INPLACE
};
static const size_t compare_names[] = {
#define SLOT_INPLACE(name, op)
#define SLOT_COMPARE(name, op) [op] = offsetof(Names, n_##name),
#include "object/slots.def"
#undef SLOT
#undef SLOT_NUMBER
#undef SLOT_COMPARE
#undef SLOT_UNARY
#undef SLOT_INPLACE
#undef SLOT_BINARY
};

static Value name_at(VM *vm, size_t offset) { return *(Value *)((char *)&vm->names + offset); }

/* --- binary operators ----------------------------------------------------------------------------------------------
 */

/* The rows of a binary operator in opcodes.def are NAME, NAME_K, INAME, INAME_K, in this order of operators. */
static BinaryOp binary_op_of(Opcode op, bool *inplace) {
    static const BinaryOp order[] = {OP_ADD,    OP_SUB,    OP_MUL, OP_TRUEDIV, OP_FLOORDIV, OP_MOD,   OP_POW,
                                     OP_LSHIFT, OP_RSHIFT, OP_AND, OP_OR,      OP_XOR,      OP_MATMUL};
    unsigned i = op - BC_ADD;
    *inplace = (i & 2) != 0;
    return order[i / 4];
}

/* A native type's own share in the operation, or a method found by name. NotImplemented if there is none. */
static Value left_share(VM *vm, BinaryOp op, Value x, Value y, Value name) {
    Type *t = type_of(vm, x);
    if (!(t->flags & TYPE_HEAP))
        return t->numbers.binary[op] != NULL ? t->numbers.binary[op](vm, x, y) : VALUE_NOTIMPL;
    Value r = call_special(vm, x, name, &y, 1);
    return r == 0 && !error_pending(vm) ? VALUE_NOTIMPL : r;
}

static Value right_share(VM *vm, BinaryOp op, Value x, Value y, Value name) {
    Type *t = type_of(vm, y);
    if (t->flags & TYPE_HEAP) {
        Value r = call_special(vm, y, name, &x, 1);
        return r == 0 && !error_pending(vm) ? VALUE_NOTIMPL : r;
    }
    BinaryFn fn = t->numbers.binary[op];
    return fn != NULL && fn != type_of(vm, x)->numbers.binary[op] ? fn(vm, x, y) : VALUE_NOTIMPL;
}

static Value binary_left(Operation *o, BinaryOp op, Value x, Value y) {
    VM *vm = o->vm;
    Value name = name_at(vm, operator_names[op].plain), fn = script_method(vm, x, name), args[2] = {x, y};
    o->tried |= TRIED_LEFT;
    return fn != 0 ? run(o, fn, args, 2) : left_share(vm, op, x, y, name);
}

static Value binary_right(Operation *o, BinaryOp op, Value x, Value y) {
    VM *vm = o->vm;
    o->tried |= TRIED_RIGHT;
    if (type_of(vm, x) == type_of(vm, y))
        return VALUE_NOTIMPL;
    Value name = name_at(vm, operator_names[op].reflected), fn = script_method(vm, y, name), args[2] = {y, x};
    return fn != 0 ? run(o, fn, args, 2) : right_share(vm, op, x, y, name);
}

static Value binary_inplace(Operation *o, BinaryOp op, Value x, Value y) {
    VM *vm = o->vm;
    Value fn = script_method(vm, x, name_at(vm, inplace_names[op])), args[2] = {x, y};
    o->tried |= TRIED_INPLACE;
    if (fn != 0)
        return run(o, fn, args, 2);
    BinaryFn native = type_of(vm, x)->numbers.inplace[op];
    return native != NULL ? native(vm, x, y) : VALUE_NOTIMPL;
}

/* Is the right operand asked first: is its class a subclass that brings its own reflected method? */
static bool right_goes_first(VM *vm, BinaryOp op, Value x, Value y) {
    Type *tx = type_of(vm, x), *ty = type_of(vm, y);
    if (tx == ty || !type_is_subtype(ty, tx))
        return false;
    Value name = name_at(vm, operator_names[op].reflected), theirs = type_lookup(vm, ty, name);
    return theirs != 0 && theirs != type_lookup(vm, tx, name);
}

/* Does the class of an operand leave the operator to the native class that it comes from? */
static bool binary_is_native(Value v, BinaryOp op, bool inplace) {
    if (!is_script_made(v))
        return true;
    const Type *t = obj_type(as_obj(v)), *native = native_base(t);
    return t->numbers.binary[op] == native->numbers.binary[op] &&
           (!inplace || t->numbers.inplace[op] == native->numbers.inplace[op]);
}

static Value binary_step(Operation *o, Value result) {
    VM *vm = o->vm;
    bool inplace;
    BinaryOp op = binary_op_of(o->op, &inplace);
    Value x = left_operand(o), y = right_operand(o);
    if (o->tried == 0 && binary_is_native(x, op, inplace) && binary_is_native(y, op, inplace))
        return inplace ? arith_inplace(vm, op, x, y) : arith_binary(vm, op, x, y);
    if (inplace && o->tried == 0)
        result = binary_inplace(o, op, x, y);
    if (result == VALUE_NOTIMPL && !(o->tried & (TRIED_LEFT | TRIED_RIGHT)) && right_goes_first(vm, op, x, y))
        result = binary_right(o, op, x, y);
    if (result == VALUE_NOTIMPL && !(o->tried & TRIED_LEFT))
        result = binary_left(o, op, x, y);
    if (result == VALUE_NOTIMPL && !(o->tried & TRIED_RIGHT))
        result = binary_right(o, op, x, y);
    return result == VALUE_NOTIMPL ? arith_binary_last(vm, op, inplace, x, y) : result;
}

static Value unary_step(Operation *o) {
    VM *vm = o->vm;
    Value x = left_operand(o);
    UnaryOp op = o->op == BC_NEG ? OP_NEG : o->op == BC_POS ? OP_POS : OP_INVERT;
    Value fn = script_method(vm, x,
                             o->op == BC_NEG   ? NAME(__neg__)
                             : o->op == BC_POS ? NAME(__pos__)
                                               : NAME(__invert__));
    return fn != 0 ? run(o, fn, &x, 1) : arith_unary(vm, op, x);
}

/* --- comparisons ---------------------------------------------------------------------------------------------------
 */

/* The rows of a comparison are NAME, NAME_K, JNAME, JNAME_K, JNNAME, JNNAME_K, in the order of CompareOp. */
static CompareOp compare_op_of(Opcode op) { return (CompareOp)((op - BC_LT) / 6); }
static bool is_compare(Opcode op) { return op >= BC_LT && op <= BC_JNGE_K; }

/* x's share in `x op y`. A class with __eq__ alone gets its __ne__ from object, which inverts. */
static Value compare_share(Operation *o, CompareOp op, Value x, Value y) {
    VM *vm = o->vm;
    Value args[2] = {x, y};
    o->tried &= ~(unsigned)RESULT_INVERTED;
    if (is_script_made(x)) {
        Type *t = obj_type(as_obj(x));
        Value found = type_lookup(vm, t, name_at(vm, compare_names[op]));
        if (op == CMP_NE && found == type_lookup(vm, vm->types.object, NAME(__ne__)) &&
            (found = type_script_method(vm, t, NAME(__eq__))) != 0)
            o->tried |= RESULT_INVERTED;
        if (found != 0 && has_kind(found, KIND_FUNCTION)) {
            if (push(o, found, args, 2))
                return 0;
            if (error_pending(vm))
                return VALUE_ERROR;
        }
        o->tried &= ~(unsigned)RESULT_INVERTED;
    }
    Type *t = type_of(vm, x);
    return t->slots.compare != NULL ? t->slots.compare(vm, x, y, op) : VALUE_NOTIMPL;
}

static Value invert(VM *vm, Value result) {
    if (result == 0 || result == VALUE_NOTIMPL)
        return result;
    int yes = truth(vm, result);
    decref(vm, result);
    return yes < 0 ? VALUE_ERROR : from_bool(!yes);
}

static bool compare_is_native(Value v) {
    return !is_script_made(v) ||
           obj_type(as_obj(v))->slots.compare == native_base(obj_type(as_obj(v)))->slots.compare;
}

static Value compare_step(Operation *o, Value result) {
    static const CompareOp mirrored[] = {CMP_GT, CMP_GE, CMP_EQ, CMP_NE, CMP_LT, CMP_LE};
    VM *vm = o->vm;
    CompareOp op = compare_op_of(o->op);
    Value x = left_operand(o), y = right_operand(o);
    if (o->tried & RESULT_INVERTED)
        result = invert(vm, result);
    if (o->tried == 0 && compare_is_native(x) && compare_is_native(y))
        return compare_rich(vm, x, y, op);
    Type *tx = type_of(vm, x), *ty = type_of(vm, y);
    if (o->tried == 0 && tx != ty && type_is_subtype(ty, tx)) {
        o->tried |= TRIED_RIGHT;
        result = compare_share(o, mirrored[op], y, x);
    }
    if (result == VALUE_NOTIMPL && !(o->tried & TRIED_LEFT)) {
        o->tried |= TRIED_LEFT;
        result = compare_share(o, op, x, y);
    }
    if (result == VALUE_NOTIMPL && !(o->tried & TRIED_RIGHT)) {
        o->tried |= TRIED_RIGHT;
        result = compare_share(o, mirrored[op], y, x);
    }
    return result == VALUE_NOTIMPL ? compare_last(vm, x, y, op) : result;
}

/* --- truth and membership: the results are bools -------------------------------------------------------------------
 */

static Value truth_of_bool(VM *vm, Value v) {
    if (v == 0 || is_bool(v))
        return v;
    raise_type(vm, "__bool__ should return bool, returned %T", v);
    decref(vm, v);
    return VALUE_ERROR;
}

static Value truth_of_len(VM *vm, Value v) {
    Value n = v == 0 ? VALUE_ERROR : to_index(vm, v);
    decref(vm, v);
    ssize_t len;
    bool ok = n != 0 && (int_sign(n) >= 0 ? to_ssize(vm, n, &len) : raise_value(vm, "__len__() should return >= 0"));
    decref(vm, n);
    return ok ? from_bool(len != 0) : VALUE_ERROR;
}

static Value truth_step(Operation *o, Value result) {
    VM *vm = o->vm;
    if (o->tried & TRIED_ONLY)
        return truth_of_bool(vm, result);
    if (o->tried & TRIED_LEN)
        return truth_of_len(vm, result);
    Value v = o->op == BC_NOT ? left_operand(o) : operand(o, instr_a(o->ins));
    Value fn = script_method(vm, v, NAME(__bool__));
    o->tried = TRIED_ONLY;
    if (fn == 0 && is_script_made(v) && type_lookup(vm, obj_type(as_obj(v)), NAME(__bool__)) == 0) {
        fn = script_method(vm, v, NAME(__len__));
        o->tried = TRIED_LEN;
    }
    if (fn != 0 && push(o, fn, &v, 1))
        return 0;
    int yes = error_pending(vm) ? -1 : truth(vm, v);
    return yes < 0 ? VALUE_ERROR : from_bool(yes);
}

static Value contains_step(Operation *o, Value result) {
    VM *vm = o->vm;
    int yes;
    if (o->tried == 0) {
        Value item = left_operand(o), container = right_operand(o), args[2] = {container, item};
        Value fn = script_method(vm, container, NAME(__contains__));
        o->tried = TRIED_ONLY;
        if (fn != 0 && push(o, fn, args, 2))
            return 0;
        yes = error_pending(vm) ? -1 : contains(vm, container, item);
    } else {
        yes = truth(vm, result);
        decref(vm, result);
    }
    return yes < 0 ? VALUE_ERROR : from_bool(yes);
}

/* --- items, attributes, iteration ----------------------------------------------------------------------------------
 */

static Value done(bool ok) { return ok ? VALUE_NONE : VALUE_ERROR; }

static Value item_step(Operation *o) {
    VM *vm = o->vm;
    Frame *f = o->frame;
    if (o->op == BC_GETITEM || o->op == BC_GETITEM_K) {
        Value args[2] = {left_operand(o), right_operand(o)}, fn = script_method(vm, args[0], NAME(__getitem__));
        return fn != 0 ? run(o, fn, args, 2) : item_get(vm, args[0], args[1]);
    }
    bool set = o->op == BC_SETITEM;
    Value args[3] = {f->regs[instr_a(o->ins)], f->regs[instr_b(o->ins)], set ? f->regs[instr_c(o->ins)] : 0};
    Value fn = script_method(vm, args[0], set ? NAME(__setitem__) : NAME(__delitem__));
    return fn != 0 ? run(o, fn, args, set ? 3 : 2) : done(item_set(vm, args[0], args[1], args[2]));
}

static Value attribute_name(const Operation *o) {
    const Instr *caches = o->frame->pc - opcode_caches[o->op];
    return o->frame->code->names[(uint32_t)*caches];
}

/* Calls the getter, setter or deleter of a property, if it is a script function; args as for that. False, with
 * *result left alone, if there is no property of that name or it is used in another way. */
static bool run_accessor(Operation *o, Value obj, Value name, size_t accessor, Value *args, size_t nargs,
                         Value *result) {
    Value found = is_script_made(obj) ? type_lookup(o->vm, obj_type(as_obj(obj)), name) : 0;
    if (!has_exact_kind(found, KIND_PROPERTY))
        return false;
    Value fn = *(Value *)((char *)as_obj(found) + accessor);
    if (fn == 0 || !has_kind(fn, KIND_FUNCTION))
        return false;
    *result = run(o, fn, args, nargs);
    return true;
}

/* Reading: __getattribute__ if it is the class's own and cannot fail over to __getattr__, a property's getter, or
 * __getattr__ for what is not found in the usual way. */
static Value attribute_read(Operation *o) {
    VM *vm = o->vm;
    Value obj = left_operand(o), name = attribute_name(o), args[2] = {obj, name}, found = 0;
    Value own = script_method(vm, obj, NAME(__getattribute__)), hook = script_method(vm, obj, NAME(__getattr__));
    if (own != 0 && type_lookup(vm, obj_type(as_obj(obj)), NAME(__getattr__)) == 0)
        return run(o, own, args, 2);
    if (own == 0 && hook == 0 && obj_type(as_obj(obj))->slots.getattr == attr_generic_get &&
        run_accessor(o, obj, name, offsetof(Property, get), args, 1, &found))
        return found;
    if (own != 0 || hook == 0 || !type_reads_plainly(vm, obj_type(as_obj(obj))))
        return attr_get(vm, obj, name);
    int status = attr_generic_lookup(vm, obj, name, &found);
    if (status > 0)
        return found;
    if (status < 0 && !error_matches(vm, vm->exc.AttributeError))
        return VALUE_ERROR;
    error_clear(vm);
    return run(o, hook, args, 2);
}

/* Writing and deleting: __setattr__, __delattr__, or the setter of a property. */
static Value attribute_write(Operation *o) {
    VM *vm = o->vm;
    bool set = o->op == BC_SETATTR;
    Value obj = operand(o, instr_a(o->ins)), name = attribute_name(o);
    Value args[3] = {obj, name, set ? operand(o, instr_b(o->ins)) : 0};
    Value fn = script_method(vm, obj, set ? NAME(__setattr__) : NAME(__delattr__));
    if (fn != 0)
        return run(o, fn, args, set ? 3 : 2);
    Value values[2] = {obj, args[2]}, result;
    if (is_script_made(obj) && obj_type(as_obj(obj))->slots.setattr == attr_generic_set &&
        run_accessor(o, obj, name, set ? offsetof(Property, set) : offsetof(Property, del), values, set ? 2 : 1,
                     &result))
        return result;
    return done(attr_set(vm, obj, name, args[2]));
}

static Value iter_step(Operation *o, Value result) {
    VM *vm = o->vm;
    Value v = left_operand(o), fn = o->tried == 0 ? script_method(vm, v, NAME(__iter__)) : 0;
    if (o->tried == 0) {
        o->tried = TRIED_ONLY;
        if (fn != 0 && push(o, fn, &v, 1))
            return 0;
        return error_pending(vm) ? VALUE_ERROR : iter_get(vm, v);
    }
    if (result == 0 || type_of(vm, result)->slots.next != NULL)
        return result;
    raise_type(vm, "iter() returned non-iterator of type '%.100T'", result);
    decref(vm, result);
    return VALUE_ERROR;
}

/* --- steps and the end ---------------------------------------------------------------------------------------------
 */

static Value step(Operation *o, Value result) {
    if (o->op >= BC_ADD && o->op < BC_NEG)
        return binary_step(o, result);
    if (is_compare(o->op))
        return compare_step(o, result);
    switch (o->op) {
    case BC_NOT:
    case BC_JUMP_IF_TRUE:
    case BC_JUMP_IF_FALSE:
    case BC_JUMP_IF_TRUE_KEEP:
    case BC_JUMP_IF_FALSE_KEEP:
        return truth_step(o, result);
    case BC_CONTAINS:
    case BC_NOT_CONTAINS:
        return contains_step(o, result);
    case BC_GET_ITER:
        return iter_step(o, result);
    default:
        break;
    }
    if (o->tried != 0)
        return result;
    o->tried = TRIED_ONLY;
    switch (o->op) {
    case BC_NEG:
    case BC_POS:
    case BC_INVERT:
        return unary_step(o);
    case BC_GETATTR:
    case BC_LOAD_METHOD:
        return attribute_read(o);
    case BC_SETATTR:
    case BC_DELATTR:
        return attribute_write(o);
    default:
        return item_step(o);
    }
}

Value operation_start(VM *vm, Frame *f, Instr ins, Frame **callee) {
    Operation o = {vm, f, ins, (Opcode)instr_op(ins), 0, callee};
    return step(&o, VALUE_NOTIMPL);
}

Value operation_resume(VM *vm, Frame *f, unsigned dst, unsigned aux, Value result, Instr *ins, Frame **callee) {
    *ins = (f->pc[-(ptrdiff_t)(aux >> 8)] & ~(Instr)0xFFFF) | dst;
    Operation o = {vm, f, *ins, (Opcode)dst, aux & 0xFF, callee};
    return step(&o, result);
}

/* Drops an operand if it is a temporary. */
static void drop(VM *vm, Frame *f, unsigned reg) {
    if (reg < f->code->nlocals)
        return;
    Value v = f->regs[reg];
    f->regs[reg] = 0;
    decref(vm, v);
}

static void drop_operands(VM *vm, Frame *f, Instr ins) {
    const char *format = opcode_formats[instr_op(ins)];
    if (format[0] == 'r')
        drop(vm, f, instr_a(ins));
    if (format[1] == 'r')
        drop(vm, f, instr_b(ins));
    if (format[2] == 'r')
        drop(vm, f, instr_c(ins));
}

/* Where the instruction goes on when its condition came out as `yes`. */
static const Instr *jump(VM *vm, Frame *f, Instr ins, const Instr *pc, bool yes) {
    Opcode op = (Opcode)instr_op(ins);
    if (is_compare(op)) {
        drop_operands(vm, f, ins);
        bool inverted = (op - BC_LT) % 6 >= 4;
        return yes != inverted ? pc + (int16_t)instr_a(ins) : pc;
    }
    bool wanted = op == BC_JUMP_IF_TRUE || op == BC_JUMP_IF_TRUE_KEEP;
    bool keep = op == BC_JUMP_IF_TRUE_KEEP || op == BC_JUMP_IF_FALSE_KEEP;
    if (!keep || yes != wanted)
        drop(vm, f, instr_a(ins));
    return yes == wanted ? pc + (int32_t)instr_x(ins) : pc;
}

const Instr *operation_finish(VM *vm, Frame *f, Instr ins, Value result) {
    Opcode op = (Opcode)instr_op(ins);
    const char *format = opcode_formats[op];
    const Instr *pc = f->pc;
    if (format[0] == 'J' || format[1] == 'X') {
        int yes = truth(vm, result);
        decref(vm, result);
        return yes < 0 ? NULL : jump(vm, f, ins, pc, yes);
    }
    drop_operands(vm, f, ins);
    if (format[0] != 'w') {
        decref(vm, result);
        return pc;
    }
    if (op == BC_NOT || op == BC_NOT_CONTAINS)
        result ^= 1;
    Value old = f->regs[instr_a(ins)];
    f->regs[instr_a(ins)] = result;
    if (op == BC_LOAD_METHOD)
        f->regs[instr_a(ins) + 1] = 0; /* an attribute like any other: no self to pass */
    decref(vm, old);
    return pc;
}
