/* What the container and iterator files share beyond their public headers. */
#ifndef COVE_OBJECT_CONTAINERS_H
#define COVE_OBJECT_CONTAINERS_H

#include <limits.h>

#ifndef SSIZE_MIN
#define SSIZE_MIN (-SSIZE_MAX - 1)
#endif

#include "object/set.h"
#include "runtime/vm.h"

#define NO_INDEX_LIMIT "9223372036854775807"
/* More items than any address space holds: refused without asking the allocator. */
#define ITEMS_MAX ((size_t)1 << 44)
#define GUARD_COMPARE " in comparison"
#define GUARD_REPR " while getting the repr of an object"

/* Many native structs are a header followed by a few owned Values and then plain data. These functions serve as their
 * dealloc/clear and traverse slots, for the first n fields. */
#define FIELDS_DECLARE(n)                                                                                            \
    void fields##n##_clear(VM *vm, Object *self);                                                                    \
    void fields##n##_traverse(Object *self, VisitFn visit, void *arg);
FIELDS_DECLARE(1)
FIELDS_DECLARE(2)
FIELDS_DECLARE(3)
FIELDS_DECLARE(4)
FIELDS_DECLARE(5)
FIELDS_DECLARE(6)
#undef FIELDS_DECLARE
#define FIELD_SLOTS(n) .dealloc = fields##n##_clear, .clear = fields##n##_clear, .traverse = fields##n##_traverse

/* A native class of iterators; `next` and other slots may follow. */
#define ITERATOR_FLAGS (TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF | TYPE_NO_NEW)

Value generic_alias_new(VM *vm, Value origin, Value args);
/* __class_getitem__ of every generic native class. */
Value class_getitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
#define CLASS_GETITEM_ROW                                                                                            \
    { "__class_getitem__", class_getitem, "object, /", "The class with type arguments.", METHOD_CLASS }
Value iter_self(VM *vm, Value self);
/* Checks the arguments of a constructor that takes at most one, by position. */
bool one_argument(VM *vm, const char *name, size_t nargs, Value kwnames, bool keywords_ok);

/* Two steps, because the first may run scripts that change the length the second one needs. */
bool slice_unpack(VM *vm, Value slice, ssize_t *start, ssize_t *stop, ssize_t *step);
size_t slice_adjust(size_t len, ssize_t *start, ssize_t *stop, ssize_t step);
bool index_argument(VM *vm, Value v, ssize_t *out); /* start and stop of index() methods: clamped; None is no index */
/* v.__index__() as a plain int, also for bools and instances of subclasses. */
Value exact_index(VM *vm, Value v);
/* The factor of seq * n, at least 0; MemoryError when len * n items cannot be. */
bool repeat_factor(VM *vm, Value n, size_t len, size_t *out);

/* slice.indices() with integers of any size; three owned results. */
bool slice_indices(VM *vm, Value slice, Value len, Value *start, Value *stop, Value *step);

Value seq_iter_new(VM *vm, Type *type, Value seq, size_t index);
Value tuple_new_of(VM *vm, Type *type, size_t n);
/* Consumes the list, which nobody else has seen: its items are moved. */
Value tuple_from_private_list(VM *vm, Value list);
int64_t tuple_hash_finish(uint64_t acc, size_t n);
uint64_t tuple_hash_step(uint64_t acc, int64_t lane);
#define TUPLE_HASH_SEED 2870177450012600261ull
bool sort_items(VM *vm, Value *items, size_t n, Value key, bool reverse); /* list_sort.c */
Value builtin_get(VM *vm, const char *name);                              /* borrowed */
/* (iter, (seq,)) and the like: what __reduce__ of exhausted and finite iterators returns. Consumes seq. */
Value reduce_iter(VM *vm, const char *function, Value seq);
Value sequence_iter_new(VM *vm, Value seq);                          /* through __getitem__ */
Value callable_iterator_new(VM *vm, Value callable, Value sentinel); /* iter(callable, sentinel) */
Value range_new(VM *vm, Value start, Value stop, Value step);        /* exact ints, step not 0 */
/* Keywords are refused by native constructors unless a subclass has an __init__ to take them. */
bool constructor_keywords(VM *vm, Type *type, Type *base, const char *name, Value kwnames);
Value mappingproxy_new(VM *vm, Value mapping);

extern const MethodSpec list_methods[], tuple_methods[], dict_methods[], set_methods[], frozenset_methods[];
void dict_drop_contents(VM *vm, Object *self);

static ALWAYS_INLINE Type *fast_type(VM *vm, Value v) { return is_obj(v) ? obj_type(as_obj(v)) : type_of(vm, v); }
static ALWAYS_INLINE bool is_exact(Value v, const Type *t) { return is_obj(v) && obj_type(as_obj(v)) == t; }

/* a is b or a == b, the usual cases without a call. */
static ALWAYS_INLINE int equal_fast(VM *vm, Value a, Value b) {
    if (a == b)
        return 1;
    if (both_small_int(a, b))
        return 0;
    if (has_exact_kind(a, KIND_STR) && has_exact_kind(b, KIND_STR))
        return str_equal(as_str(a), as_str(b));
    return value_equal(vm, a, b);
}

/* Iterators over iterators nest in C without passing through a call: here the C stack is watched. */
static ALWAYS_INLINE Value next_of(VM *vm, Value it) {
    if (unlikely((char *)__builtin_frame_address(0) < vm->thread->stack_limit))
        return raise_recursion(vm, "");
    if (unlikely(vm_interrupted(vm)) && !vm_safepoint(vm)) /* they may pass over items for ever */
        return VALUE_ERROR;
    return obj_type(as_obj(it))->slots.next(vm, it);
}

/* After a `next` slot returned 0: did the iterator end (true), or is there an error to pass on? */
static inline bool iter_ended(VM *vm) {
    if (likely(!error_pending(vm)))
        return true;
    if (!error_matches(vm, vm->exc.StopIteration))
        return false;
    error_clear(vm);
    return true;
}

#endif
