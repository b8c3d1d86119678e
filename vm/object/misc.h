/* Small built-in objects that several files touch: slice, range, cell, module, methods, native functions, weakrefs.
 */
#ifndef COVE_OBJECT_MISC_H
#define COVE_OBJECT_MISC_H

#include "object/object.h"

typedef struct Slice {
    Object header;
    Value start, stop, step;
} Slice;
Value slice_new(VM *vm, Value start, Value stop, Value step); /* takes references of its own */
/* Resolves a slice against a length, as slice.indices does; *count is the number of items. */
bool slice_resolve(VM *vm, Value slice, size_t len, ssize_t *start, ssize_t *stop, ssize_t *step, size_t *count);

typedef struct Range {
    Object header;
    Value start, stop, step, length; /* ints of any size */
    bool small;                      /* all of them fit int64: the fields below are valid */
    int64_t istart, istep, ilen;
} Range;
typedef struct RangeIter { /* over a small range: the interpreter steps it inline */
    Object header;         /* KIND_ITERATOR, type range_iterator */
    int64_t next, step, left;
} RangeIter;
typedef struct SeqIter { /* over list or tuple: list_iterator, tuple_iterator; the interpreter steps it inline */
    Object header;
    Value seq; /* 0 when exhausted */
    size_t index;
} SeqIter;

typedef struct Cell {
    Object header;
    Value value; /* 0: empty */
} Cell;
Value cell_new(VM *vm, Value value); /* value is consumed; may be 0 */

typedef struct Module {
    Object header;
    Value dict; /* Dict, owned */
    Value name;
    bool (*complete)(VM *vm, Value module); /* adds what the module has beyond what it started with; NULL: nothing */
} Module;
/* To be called before a module is looked at as a whole, or changed: names that are seldom asked for (most of sys)
 * wait until then, or until one of them is missed. */
bool module_complete(VM *vm, Value module);
Value module_new(VM *vm, const char *name);
Value module_new_named(VM *vm, Value name);
#define module_dict(m) (((Module *)as_obj(m))->dict)
bool module_add(VM *vm, Value module, const char *name, Value value); /* consumes value; false if value is 0 */
bool module_add_functions(VM *vm, Value module, const MethodSpec *methods);
Value module_getattr(VM *vm, Value module, Value name);

typedef struct Method { /* a function bound to its first argument */
    Object header;
    Value func, self;
} Method;
Value method_new(VM *vm, Value func, Value self); /* takes references of its own */

typedef struct Native { /* a native function, bound method or method descriptor */
    Object header;
    const MethodSpec *spec;
    NativeFn fn;
    Value self;                               /* bound object, 0 for functions and descriptors */
    Value module;                             /* name of the module of a function, or 0 */
    Type *owner;                              /* class of a method (borrowed), or NULL */
    uint16_t nparams, nrequired, npositional; /* npositional: may be given by position */
    uint16_t nposonly;
    /* So many positional arguments, with the self of a descriptor, need no look at the signature: all, and from the
     * first to the last number. UINT16_MAX: none do, or METHOD_RESUMES. */
    uint16_t nexact, nleast, nmost;
    bool raw;        /* the function binds its arguments itself */
    bool descriptor; /* unbound method of `owner`: args[0] becomes self */
    Value names;     /* tuple of parameter names, made on demand for keyword calls, or 0 */
} Native;
Value native_new(VM *vm, const MethodSpec *spec, Value self, Type *owner, Value module); /* self, module borrowed */
/* Calls a Native as `call` does; the interpreter's shortest way into native code. For a descriptor self is args[0].
 */
Value native_call(VM *vm, Native *f, Value *args, size_t nargs, Value kwnames);
/* Binds raw arguments to a signature string such as "x, y=0, /, *, key=None": fills out[] (borrowed, 0 where absent)
 * with one entry per parameter, raising CPython's TypeErrors under the function's name (NULL: "function"). For types'
 * create/init slots. */
bool native_bind(VM *vm, const char *function_name, const char *signature, Value *args, size_t nargs, Value kwnames,
                 Value *out, size_t nout);

/* The same for parameters that can all be given by position and all be left out, and mostly come without keywords:
 * then nothing is to be looked up in the signature. */
static inline bool native_bind_optional(VM *vm, const char *function_name, const char *signature, Value *args,
                                        size_t nargs, Value kwnames, Value *out, size_t nout) {
    if (unlikely(kwnames != 0 || nargs > nout))
        return native_bind(vm, function_name, signature, args, nargs, kwnames, out, nout);
    for (size_t i = 0; i < nout; i++)
        out[i] = i < nargs ? args[i] : 0;
    return true;
}

typedef struct Property {
    Object header;
    Value get, set, del, doc, name; /* 0: none */
    bool getter_doc;                /* doc was taken over from the getter */
} Property;

typedef struct ClassMethod { /* classmethod (KIND_CLASSMETHOD) and staticmethod (KIND_STATICMETHOD) */
    Object header;
    Value func;
} ClassMethod;

Value weakref_new(VM *vm, Value target, Value callback); /* callback may be 0; TypeError if not weakly referencable */
Value weakref_get(VM *vm, Value ref);                    /* owned target, VALUE_NONE when dead */
Value weakref_first(VM *vm, Object *target);             /* borrowed; 0: it has no weak references */
void weakref_clear_all(VM *vm, Object *target);          /* object_free calls this; runs callbacks */
/* For the collector, which must not run scripts while it looks at the garbage: kills the references of one object.
 * Those whose callbacks shall run wait in the list, that is, all but the ones marked OBJ_MARK as garbage themselves.
 */
struct WeakRef;
typedef struct WeakPending {
    struct WeakRef *first, **tail;
} WeakPending;
void weakref_kill(VM *vm, Object *target, WeakPending *pending);
void weakref_run_pending(VM *vm, WeakPending *pending);

/* Named fields by position, the struct sequences of sys, time, os: a tuple subtype with attributes. */
Type *structseq_type(VM *vm, const char *name, const char *doc, const char *const *fields, size_t n_visible,
                     size_t n_all);
Value structseq_new(VM *vm, Type *type, Value *items /* n_all, consumed */);

#endif
