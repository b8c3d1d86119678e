/* The types of itertools, by the file that defines them. */
#ifndef COVE_STDLIB_ITERTOOLS_H
#define COVE_STDLIB_ITERTOOLS_H

#include "object/containers.h"
#include "stdlib/init.h"
#include "stdlib/module_tools.h"

/* mod_itertools.c */
#define ITERTOOLS_FLAGS (TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF)
/* Gives back a half-made object. */
static inline Value itertools_drop(VM *vm, void *o) {
    obj_decref(vm, (Object *)o);
    return VALUE_ERROR;
}

/* mod_itertools_reduce.c */
bool itertools_warn(VM *vm); /* that copying goes away; false: it was turned into an exception */
/* (type(self), args, state): consumes args (0: failed) and state (0: none). */
Value itertools_reduced(VM *vm, Value self, Value args, Value state);
Value itertools_pack(VM *vm, Value a, Value b); /* (a, b) or, with b 0, (a,); owned */
/* For __setstate__, which warns: the n items of a tuple. */
bool itertools_state(VM *vm, Value state, size_t n, Value **items);
bool itertools_state_index(VM *vm, Value v, ssize_t *out);
Value itertools_indices(VM *vm, const size_t *indices, size_t n); /* as a tuple */
/* The other way, brought between min and bound - 1. */
bool itertools_set_indices(VM *vm, Value state, size_t *indices, size_t n, size_t min, size_t bound);
#define REDUCE_ROW(reduce)                                                                                           \
    { "__reduce__", reduce, "", "How to make a copy.", 0 }
#define SETSTATE_ROW(set)                                                                                            \
    { "__setstate__", set, "state, /", "Takes over a state.", 0 }

/* mod_itertools_endless.c */
extern const TypeSpec itertools_count_spec, itertools_cycle_spec, itertools_repeat_spec;
/* mod_itertools_select.c */
extern const TypeSpec itertools_compress_spec, itertools_dropwhile_spec, itertools_takewhile_spec,
    itertools_filterfalse_spec, itertools_starmap_spec, itertools_islice_spec;
/* mod_itertools_combine.c */
extern const TypeSpec itertools_product_spec, itertools_permutations_spec, itertools_combinations_spec,
    itertools_replacement_spec;
/* mod_itertools_group.c */
extern const TypeSpec itertools_groupby_spec, itertools_grouper_spec, itertools_tee_spec, itertools_tee_data_spec,
    itertools_zip_longest_spec, itertools_batched_spec, itertools_pairwise_spec;
Value itertools_tee(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);

#endif
