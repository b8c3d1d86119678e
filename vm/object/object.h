/* The heap object's header, types and their slots: what every file of the VM knows.
 *
 * Ownership, everywhere in Cove unless a comment says otherwise:
 *   1. Arguments are borrowed: the callee takes its own reference (incref) of what it keeps.
 *   2. Results are owned by the caller, who must decref them.
 *   3. Functions named *_steal, and parameters marked "consumed", take over the caller's reference, on failure too.
 *   4. Functions that return Type *, Dict * and the like as a *view* of a Value say "borrowed" in their comment.
 * Errors travel one way: a function that can fail returns VALUE_ERROR (0), false, NULL or -1 and leaves the exception
 * in vm->thread->exception (see runtime/errors.h). It must not be called with an exception already pending, except
 * where said.
 */
#ifndef COVE_OBJECT_OBJECT_H
#define COVE_OBJECT_OBJECT_H

#include "object/value.h"

/* The memory layout of an object; instances of script-made subclasses keep the kind of their native base, so that a
 * kind test is also the permission to use the C struct. */
typedef enum Kind {
    KIND_OBJECT, /* plain instance: header and attributes only */
    KIND_TYPE,
    KIND_INT,
    KIND_FLOAT, /* heap form: only instances of float's subclasses */
    KIND_COMPLEX,
    KIND_STR,
    KIND_BYTES,
    KIND_BYTEARRAY,
    KIND_MEMORYVIEW,
    KIND_LIST,
    KIND_TUPLE,
    KIND_DICT,
    KIND_DICT_VIEW,
    KIND_SET, /* set and frozenset */
    KIND_RANGE,
    KIND_SLICE,
    KIND_CELL,
    KIND_CODE,
    KIND_FUNCTION,
    KIND_NATIVE, /* native function or method descriptor */
    KIND_METHOD, /* bound method */
    KIND_PROPERTY,
    KIND_CLASSMETHOD,
    KIND_STATICMETHOD,
    KIND_DESCRIPTOR, /* member, getset and slot-wrapper descriptors */
    KIND_SUPER,
    KIND_MODULE,
    KIND_EXCEPTION,
    KIND_TRACEBACK,
    KIND_FRAME,
    KIND_GENERATOR, /* generator, coroutine and async generator */
    KIND_ITERATOR,  /* native iterators, each with its own struct and type; the interpreter steps the next two inline
                     */
    KIND_RANGE_ITERATOR,
    KIND_LIST_ITERATOR,
    KIND_WEAKREF,
    KIND_OTHER, /* module-defined native structs: test the type */
} Kind;

enum ObjectFlags {
    OBJ_SUBTYPE = 1,   /* made by a script-defined class: the kind is only its base's layout */
    OBJ_GC = 2,        /* has a GcLink before it */
    OBJ_WEAKREFS = 4,  /* vm->weakrefs has an entry for it */
    OBJ_FINALIZED = 8, /* its __del__ has run */
    OBJ_PREFIXED = 16, /* variable-size subclass instance: attribute word before the GcLink */
    OBJ_MARK = 32,     /* scratch mark of the collector */
    OBJ_USER1 = 64,    /* free for the kind: tuple: known not to need tracking; str: interned; dict: of a class */
    OBJ_USER2 = 128,
};

struct Object {
    uint32_t refcount;
    uint8_t kind;
    uint8_t flags;
    uint8_t size_class; /* slab class of the whole block; 0: allocated by size */
    uint8_t gc_state;   /* generation and collector scratch */
    Shape *shape;       /* slot layout of the instance; shape->type is its type */
};

/* Links a container into its generation's list; stands before the Object. */
typedef struct GcLink {
    struct GcLink *next, *prev;
} GcLink;

/* A shape is the ordered list of attribute names of some instances of one class. All instances that got the same
 * attributes in the same order share it; inline caches compare its id. Every type has a root shape (no attributes).
 * The id is unique in the VM and renewed for all shapes of a class when the class (or a base) changes, so one compare
 * of an id guards the type, the slot's position and everything found on the class. 0 means "do not cache". */
struct Shape {
    Type *type; /* borrowed: a type outlives its shapes */
    uint32_t id;
    uint16_t nslots;
    uint8_t is_dict; /* the attributes are in a dict (instance asked for __dict__, deleted one, or has too many) */
    uint8_t unused;
    Shape *parent;
    Value name;                /* the attribute this shape adds to its parent; owned */
    Shape *children, *sibling; /* transitions out of this shape */
    struct ShapeIndex *index;  /* name -> slot, built on demand for larger shapes */
};

/* What an instance of a script-made class has behind its base struct (at type->attrs_offset): the first `ninline`
 * slots in place, the others in a vector; or, when shape->is_dict, everything in a dict. */
typedef struct AttrArea {
    Value dict;   /* Dict when shape->is_dict, else 0 */
    Value *extra; /* slots beyond the inline ones (type->extra_slots of them), or NULL */
    Value slots[];
} AttrArea;

typedef enum BinaryOp {
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_TRUEDIV,
    OP_FLOORDIV,
    OP_MOD,
    OP_POW,
    OP_LSHIFT,
    OP_RSHIFT,
    OP_AND,
    OP_OR,
    OP_XOR,
    OP_MATMUL,
    OP_DIVMOD,
    BINARY_OPS,
    INPLACE_OPS = OP_DIVMOD
} BinaryOp;
typedef enum UnaryOp { OP_NEG, OP_POS, OP_INVERT, OP_ABS, UNARY_OPS } UnaryOp;
typedef enum CompareOp { CMP_LT, CMP_LE, CMP_EQ, CMP_NE, CMP_GT, CMP_GE } CompareOp;
/* What a comparison says of operands that stand in this order: negative, 0, positive. */
static inline bool order_holds(int order, CompareOp op) {
    switch (op) {
    case CMP_LT:
        return order < 0;
    case CMP_LE:
        return order <= 0;
    case CMP_EQ:
        return order == 0;
    case CMP_NE:
        return order != 0;
    case CMP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}
typedef enum SendStatus { SEND_ERROR = -1, SEND_RETURN = 0, SEND_YIELD = 1 } SendStatus;

/* Calls of native code.
 * With a declared signature ("iterable=(), /"), args holds one entry per declared parameter, absent ones 0, and nargs
 * is their number. Where the signature is raw ("*"), args are the positional arguments followed by the values of the
 * keywords named in the tuple kwnames (0: none), and nargs counts the positional ones. All borrowed. */
typedef Value (*NativeFn)(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
typedef Value (*UnaryFn)(VM *vm, Value self);
typedef Value (*BinaryFn)(VM *vm, Value a, Value b);
typedef Value (*TernaryFn)(VM *vm, Value a, Value b, Value c);
typedef bool (*VisitFn)(Object *child, void *arg);

typedef struct Buffer { /* a view of contiguous bytes that an object exports; see object/buffer.h */
    Value owner;        /* owned reference */
    char *data;
    size_t len;
    bool readonly;
    const char *format; /* struct code of an item, alive as long as the owner; NULL: "B" */
    size_t itemsize;    /* 0: 1 */
} Buffer;

typedef bool (*BufferFn)(VM *vm, Value self, Buffer *out, int flags); /* flags: BufferFlags in object/buffer.h */

/* The special methods as C functions, those of numbers apart since few types have them. slots.def has a row for each
 * special name and says which slot serves it. A NULL slot means that the type does not support the operation. */
typedef struct Slots {
    void (*dealloc)(VM *vm, Object *self); /* drop what the struct owns; the memory is freed by the caller */
    /* Of a dead container that may be large: drops items as far as n goes (drop_counted), and says how many are left.
     * With n = 0 only what costs next to nothing. */
    size_t (*drop_some)(VM *vm, Object *self, size_t n);
    void (*traverse)(Object *self, VisitFn visit, void *arg); /* visit every owned child object */
    void (*clear)(VM *vm, Object *self); /* break cycles: drop children that may be part of one */
    Value (*create)(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames); /* __new__; raw arguments */
    bool (*init)(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);    /* __init__; raw arguments */
    void (*finalize)(VM *vm, Value self);                                          /* __del__ */
    Value (*call)(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);   /* raw arguments */
    UnaryFn repr, str;
    bool (*hash)(VM *vm, Value self, int64_t *out);
    Value (*compare)(VM *vm, Value a, Value b, CompareOp op);      /* may return VALUE_NOTIMPL */
    Value (*getattr)(VM *vm, Value self, Value name);              /* __getattribute__ */
    bool (*setattr)(VM *vm, Value self, Value name, Value value);  /* value 0: delete */
    Value (*descr_get)(VM *vm, Value self, Value obj, Value type); /* obj may be 0 */
    bool (*descr_set)(VM *vm, Value self, Value obj, Value value); /* value 0: delete */
    UnaryFn iter;
    UnaryFn next;                                                   /* 0 without an exception: exhausted */
    SendStatus (*send)(VM *vm, Value self, Value sent, Value *out); /* native awaitables and generators */
    UnaryFn await, aiter, anext;
    int (*truth)(VM *vm, Value self); /* 1, 0, -1 */
    UnaryFn index;
    ssize_t (*len)(VM *vm, Value self); /* -1: error */
    BinaryFn getitem;
    bool (*setitem)(VM *vm, Value self, Value key, Value value); /* value 0: delete */
    int (*contains)(VM *vm, Value self, Value item);             /* 1, 0, -1 */
    BinaryFn concat, repeat, inplace_concat, inplace_repeat;     /* sequences; tried after binary[] as CPython does */
    BufferFn get_buffer;
    void (*release_buffer)(VM *vm, Value self, Buffer *buffer);
} Slots;
typedef struct NumberSlots {
    BinaryFn binary[BINARY_OPS]; /* called with operands in source order, for either operand's type */
    BinaryFn inplace[INPLACE_OPS];
    TernaryFn pow_mod; /* pow(a, b, m) */
    UnaryFn unary[UNARY_OPS];
    UnaryFn to_int, to_float, to_complex;
} NumberSlots;

/* A native function or method, declared beside its definition. The signature is what inspect.signature shows, without
 * the parentheses: "object, /" (self is not named); it drives the argument binding. "*" alone or a signature with
 * * or ** parameters is raw. Suffix flags say how it is bound. */
/* METHOD_COEXIST: a method of a special name stands in the dict instead of the slot's wrapper. METHOD_RESUMES: next()
 * and send(), with which the interpreter loop resumes a generator itself. METHOD_RAW: the signature is only shown,
 * the function binds its arguments itself. */
enum { METHOD_STATIC = 1, METHOD_CLASS = 2, METHOD_COEXIST = 4, METHOD_RESUMES = 8, METHOD_RAW = 16 };
typedef struct MethodSpec {
    const char *name;
    NativeFn fn;
    const char *signature;
    const char *doc;
    int flags;
} MethodSpec;

typedef struct GetSetSpec { /* a computed attribute; set may be NULL (read-only) */
    const char *name;
    Value (*get)(VM *vm, Value self);
    bool (*set)(VM *vm, Value self, Value value); /* value 0: delete */
    const char *doc;
} GetSetSpec;

enum TypeFlags {
    TYPE_GC = 1,                /* instances are containers */
    TYPE_BASE = 2,              /* may be subclassed */
    TYPE_HEAP = 4,              /* made by a class statement or type() */
    TYPE_VARSIZE = 8,           /* instance size varies: attributes of subclasses go before the object */
    TYPE_ABSTRACT = 16,         /* has abstract methods */
    TYPE_HAS_DICT = 32,         /* instances may have arbitrary attributes */
    TYPE_FINALIZER = 64,        /* has __del__ */
    TYPE_LAZY = 128,            /* native dict not yet filled from the spec: type_dict() does it */
    TYPE_NO_NEW = 256,          /* "cannot create 'x' instances" */
    TYPE_SEQUENCE = 512,        /* match: sequence pattern */
    TYPE_MAPPING = 1024,        /* match: mapping pattern */
    TYPE_MATCH_SELF = 2048,     /* match: one positional sub-pattern matches the subject itself */
    TYPE_CUSTOM_GETATTR = 4096, /* __getattribute__ or __getattr__ is not object's: do not cache attributes */
    TYPE_METACLASS = 8192,      /* subclass of type */
    TYPE_IMMUTABLE = 16384,     /* attributes cannot be set from scripts (all native types) */
    TYPE_NO_WEAKREF = 32768,    /* instances cannot be weakly referenced */
    TYPE_SELF_AWAIT = 65536,    /* await drives the object's own send slot instead of what __await__() returns */
};

typedef struct TypeSpec {
    const char *name; /* "list"; "itertools.count" for module types: the part before the last dot is __module__ */
    const char *doc;
    const char *signature; /* of the constructor, for inspect and argument binding, or NULL */
    uint32_t size;         /* sizeof the struct (without the items of a variable-size one) */
    uint32_t flags;
    Kind kind;
    Slots slots;
    const NumberSlots *numbers; /* NULL: none */
    const MethodSpec *methods;  /* ended by a row without name; NULL: none */
    const GetSetSpec *getset;
} TypeSpec;

struct Type {
    Object header;
    const TypeSpec *spec;         /* of a native type, else of the nearest native base */
    Type *base;                   /* owned */
    Value name, qualname, module; /* strings; module may be 0 */
    Value doc;                    /* 0: none */
    Value bases, mro;             /* tuples; mro[0] is the type itself (a borrowed self-reference) */
    struct Dict *dict;            /* use type_dict(): the native part is filled on first use */
    struct Dict *annotations;
    Value subclasses;  /* dict of weak references by identity, or 0 */
    Value slot_names;  /* tuple of __slots__, or 0 */
    Shape *root_shape; /* of instances */
    Shape *dict_shape; /* of instances whose attributes are in a dict; made on demand */
    uint32_t flags;
    uint32_t version; /* unique; renewed with every change of the type or a base; 0: do not cache */
    Kind kind;
    uint32_t size;        /* bytes of an instance, inline slots included */
    int32_t attrs_offset; /* of the AttrArea in instances; 0: no attributes (TYPE_HAS_DICT is clear) */
    uint16_t ninline;     /* inline attribute slots */
    uint16_t nshapes;     /* shapes made so far: a class that makes too many gets dicts instead */
    uint16_t nmembers;    /* __slots__ of this class and its bases: values from member_offset on */
    uint32_t member_offset;
    Slots slots;
    NumberSlots numbers;
    /* special methods of script-made classes that the interpreter calls without recursion; borrowed from the dicts,
     * valid while version is unchanged; 0 until looked up */
    Value cached_init, cached_new, cached_getitem, cached_next;
    uint32_t cached_version;
};

static ALWAYS_INLINE Type *obj_type(const Object *o) { return o->shape->type; }
static ALWAYS_INLINE bool has_kind(Value v, Kind k) { return is_obj(v) && as_obj(v)->kind == k; }
/* Of that very kind and not of a script-made subclass. */
static ALWAYS_INLINE bool has_exact_kind(Value v, Kind k) {
    return is_obj(v) && as_obj(v)->kind == k && !(as_obj(v)->flags & OBJ_SUBTYPE);
}
#define is_str(v) has_kind(v, KIND_STR)
#define is_bytes(v) has_kind(v, KIND_BYTES)
#define is_list(v) has_kind(v, KIND_LIST)
#define is_tuple(v) has_kind(v, KIND_TUPLE)
#define is_dict(v) has_kind(v, KIND_DICT)
#define is_set(v) has_kind(v, KIND_SET)
#define is_type(v) has_kind(v, KIND_TYPE)
#define is_exception(v) has_kind(v, KIND_EXCEPTION)
#define as_type(v) ((Type *)as_obj(v))

#include "mem/refcount.h"

#endif
