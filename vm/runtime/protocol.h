/* The generic operations on any object: what the instructions, the built-ins and the modules call. Each may run
 * scripts (and so release references, change containers, raise) unless it says otherwise. */
#ifndef COVE_RUNTIME_PROTOCOL_H
#define COVE_RUNTIME_PROTOCOL_H

#include "object/object.h"

/* attr.c ------------------------------------------------------------------------------------------------------- */
Value attr_get(VM *vm, Value obj, Value name);
Value attr_get_c(VM *vm, Value obj, const char *name);
/* 1: found (*out owned), 0: no such attribute (no exception pending), -1: another exception. */
int attr_lookup(VM *vm, Value obj, Value name, Value *out);
bool attr_set(VM *vm, Value obj, Value name, Value value); /* value 0: delete */
int attr_has(VM *vm, Value obj, Value name);
/* Special method on the type, bypassing the instance. Returns owned function, *self is obj (borrowed) when it must be
 * passed as first argument, 0 when the result is already bound. 0 without exception when absent. */
Value attr_special(VM *vm, Value obj, Value name, Value *self);
/* What `obj.name(...)` calls: as attr_get, but where that would make a bound method, the function (owned) and in
 * *self what to pass first (borrowed: obj or its class); *self 0 when there is nothing to pass. */
Value attr_load_method(VM *vm, Value obj, Value name, Value *self);
Value attr_generic_get(VM *vm, Value obj, Value name); /* object.__getattribute__ */
int attr_generic_lookup(VM *vm, Value obj, Value name,
                        Value *out); /* as attr_lookup; an AttributeError of a descriptor stays */
bool attr_generic_set(VM *vm, Value obj, Value name, Value value);
Value attr_dict(VM *vm,
                Value obj); /* obj.__dict__, made on demand; owned; 0 without exception if it cannot have one */

/* call.c ------------------------------------------------------------------------------------------------------- */
/* args: nargs positional ones followed by one per name in the tuple kwnames (0: none). */
Value call(VM *vm, Value fn, Value *args, size_t nargs, Value kwnames);
Value call0(VM *vm, Value fn);
Value call1(VM *vm, Value fn, Value a);
Value call2(VM *vm, Value fn, Value a, Value b);
Value call3(VM *vm, Value fn, Value a, Value b, Value c);
Value call_ex(VM *vm, Value fn, Value args_tuple, Value kwargs_dict);        /* kwargs may be 0 */
Value call_method(VM *vm, Value obj, Value name, Value *args, size_t nargs); /* obj.name(...) */
Value call_method0(VM *vm, Value obj, Value name);
Value call_method1(VM *vm, Value obj, Value name, Value a);
/* type(obj).name(obj, ...): 0 without exception when the type lacks it */
Value call_special(VM *vm, Value obj, Value name, Value *args, size_t nargs);
bool is_callable(Value v);
/* repr() of containers that contain themselves: 1 if obj is being shown already, 0 entered (leave later), -1 error.
 */
int repr_enter(VM *vm, Value obj);
void repr_leave(VM *vm, Value obj);

/* arith.c, compare.c --------------------------------------------------------------------------------------------- */
Value arith_binary(VM *vm, BinaryOp op, Value a, Value b);
Value arith_inplace(VM *vm, BinaryOp op, Value a, Value b);
/* What is left of `a op b` when neither operand's own methods took it: the sequences' concatenation and repetition,
 * then the error. */
Value arith_binary_last(VM *vm, BinaryOp op, bool inplace, Value a, Value b);
Value arith_unary(VM *vm, UnaryOp op, Value a);
Value arith_power(VM *vm, Value a, Value b, Value mod);
extern const char *const arith_symbol[BINARY_OPS]; /* "+", ... "divmod()" */
Value compare_rich(VM *vm, Value a, Value b, CompareOp op);
Value compare_last(VM *vm, Value a, Value b,
                   CompareOp op); /* when neither operand's methods took it: identity, or the error */
int compare_bool(VM *vm, Value a, Value b, CompareOp op);
int value_equal(VM *vm, Value a, Value b); /* a is b or a == b: 1, 0, -1 */
bool value_identical(Value a, Value b);    /* `is` */

/* convert.c ------------------------------------------------------------------------------------------------------ */
int truth(VM *vm, Value v); /* 1, 0, -1 */
Value to_repr(VM *vm, Value v);
Value to_str(VM *vm, Value v);
Value to_ascii(VM *vm, Value v);
Value to_format(VM *vm, Value v, Value spec); /* format(v, spec); spec 0: empty */
bool hash_value(VM *vm, Value v, int64_t *out);
Value to_index(VM *vm,
               Value v); /* operator.index: an int; TypeError "'x' object cannot be interpreted as an integer" */
bool to_int64(VM *vm, Value v, int64_t *out); /* through __index__; OverflowError */
bool to_ssize(VM *vm, Value v,
              ssize_t *out); /* through __index__; OverflowError "cannot fit 'int' into an index-sized integer" */
bool to_ssize_clamped(VM *vm, Value v, ssize_t *out); /* slices: clamps instead of overflowing */
bool to_c_int(VM *vm, Value v, int *out);
bool to_double(VM *vm, Value v, double *out); /* __float__, __index__; TypeError "must be real number, not x" */
const char *to_c_string(VM *vm, Value v, const char *what); /* str without NUL characters, borrowed; TypeError */
const char *type_name(Value v);                             /* name of the value's type, for messages; borrowed */

/* iterate.c ------------------------------------------------------------------------------------------------------ */
Value iter_get(VM *vm, Value v);   /* iter(v) */
Value iter_next(VM *vm, Value it); /* 0 without exception: exhausted (StopIteration is swallowed) */
SendStatus iter_send(VM *vm, Value it, Value sent,
                     Value *out); /* generators, coroutines, any iterator (send method) */
ssize_t length_hint(VM *vm, Value v, ssize_t fallback);
Value async_iter_get(VM *vm, Value v);
Value async_iter_next(VM *vm, Value v); /* the awaitable of __anext__, already awaited-converted */
Value awaitable_iter(VM *vm,
                     Value v); /* what `await v` drives: coroutine, generator of types.coroutine, or __await__() */

/* subscript.c ---------------------------------------------------------------------------------------------------- */
Value item_get(VM *vm, Value obj, Value key);
bool item_set(VM *vm, Value obj, Value key, Value value); /* value 0: delete */
ssize_t length(VM *vm, Value v);                          /* len(v); -1 */
int contains(VM *vm, Value container, Value item);        /* 1, 0, -1 */
/* Normalises a sequence index: TypeError for non-ints ("list indices must be integers or slices, not str"). */
bool index_resolve(VM *vm, Value key, size_t len, const char *type, const char *range_error, size_t *out);

/* type.c, type_attr.c ----------------------------------------------------------------------------------------------
 */
Value type_lookup(VM *vm, Type *type,
                  Value name);              /* along the MRO: borrowed, 0 if absent; no descriptors, no error */
struct Dict *type_dict(VM *vm, Type *type); /* filled; NULL on MemoryError */
bool type_is_subtype(const Type *a, const Type *b);
static inline Value type_value(Type *t) { return from_obj(t); }
Type *type_of(VM *vm, Value v);                /* borrowed; numbers and constants too */
int is_instance(VM *vm, Value obj, Value cls); /* isinstance(): 1, 0, -1 */
int is_subclass(VM *vm, Value cls, Value of);
/* Makes a class: type(name, bases, namespace) with the given metaclass and keywords of the class statement. */
Value type_create(VM *vm, Type *meta, Value name, Value bases, Value namespace_dict, Value *kwargs, Value kwnames);
Type *type_from_spec(VM *vm, const TypeSpec *spec, Type *base); /* native type; owned; for modules */
/* The plain script function that serves special method `name`; borrowed, 0 if there is none or it is something else.
 */
Value type_script_method(VM *vm, Type *t, Value name);
void type_modified(VM *vm, Type *type); /* renews the versions and ids that caches compare */
Value instance_new(VM *vm, Type *type); /* bare instance of a heap class with KIND_OBJECT */

#endif
