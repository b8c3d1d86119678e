/* The out-of-line halves of instruction handlers. All may raise and run scripts. Those that return a Frame * push a
 * frame for a script function, to be entered by the loop (previous, func, registers and ret are set; the handler sets
 * dst); NULL without an exception means: go the general way. */
#ifndef COVE_INTERP_SLOW_H
#define COVE_INTERP_SLOW_H

#include "interp/generator.h"

/* slow.c: names */
void slow_unbound_local(VM *vm, Frame *f, unsigned reg);
void slow_unbound_free(VM *vm, Frame *f, unsigned index);
void slow_unbound_operand(VM *vm, Frame *f,
                          Instr ins); /* finds which operand it was; nothing if an exception is pending */
/* An exception has come: what is between two instructions goes, the last made first; of a frame that is left too,
 * whose locals stay as long as a traceback shows it. */
void slow_drop_temporaries(VM *vm, Frame *f, unsigned from);
Value slow_class_free(VM *vm, Frame *f, Value mapping, Value name, unsigned index);
Value slow_mapping_or_global(VM *vm, Frame *f, Value mapping, Value name);
Value slow_load_global(VM *vm, Frame *f, Instr *at);
Value slow_load_name(VM *vm, Frame *f, Instr *at);
bool slow_store_global(VM *vm, Frame *f, Instr *at, Value v);
bool slow_store_name(VM *vm, Frame *f, Instr *at, Value v);
bool slow_delete_name(VM *vm, Frame *f, Value mapping, Value name);
Value slow_load_build_class(VM *vm, Frame *f);
bool slow_setup_annotations(VM *vm, Frame *f);

/* slow.c: operators, containers, text */
Value slow_inplace(VM *vm, BinaryOp op, Value x, Value y, Value *home,
                   bool same); /* home: x's register; same: also the destination */
Value slow_build_set(VM *vm, Value *items, size_t n);
Value slow_build_map(VM *vm, Value *items, size_t n);
bool slow_list_extend(VM *vm, Value list, Value iterable);
bool slow_dict_update(VM *vm, Value dict, Value mapping);
Value slow_format_simple(VM *vm, Value v, unsigned conversion);
Value slow_convert(VM *vm, Value v, unsigned conversion);
bool slow_unpack(VM *vm, Value v, size_t before, size_t after, bool starred, Value *out, Value *consumed);
void slow_raise_from(VM *vm, Value exc, Value cause);
bool slow_with_enter(VM *vm, Value manager, Value *out, bool is_async);
Value slow_match_keys(VM *vm, Value subject, Value keys);
Value slow_match_class(VM *vm, Value subject, Value cls, uint32_t positional, Value keywords);
Value slow_import_name(VM *vm, Frame *f, Value name, Value fromlist, Value level);
bool slow_print_expr(VM *vm, Value v);
Value slow_intrinsic(VM *vm, Frame *f, uint32_t which, Value *args, size_t n);

/* slow_attr.c */
Value slow_getattr(VM *vm, Frame *f, Instr *at, Value obj);
/* Does a read of the attribute end in a script function: __getattr__, __getattribute__, a property's getter? A store:
 * in
 * __setattr__, a setter? For instances of script classes. */
bool slow_reads_by_script(VM *vm, Frame *f, Instr *at, Value obj);
bool slow_writes_by_script(VM *vm, Frame *f, Value obj, uint32_t name);
bool slow_setattr(VM *vm, Frame *f, Instr *at, Value obj, Value v);
bool slow_load_method(VM *vm, Frame *f, Instr *at, Value obj); /* writes registers a, a+1; consumes b */
/* Methods that a class with __getattr__ has: it is not asked for them. */
bool slow_quicken_method(VM *vm, Frame *f, Instr *at, Value obj);
Value slow_super_attr(VM *vm, Value *window, Value name);
Value slow_super_method(VM *vm, Value *window, Value name, Value *self);

/* slow_call.c */
Value slow_make_function(VM *vm, Frame *f, Value code, Value *parts, unsigned flags); /* consumes the parts */
/* Result (arguments untouched), or *callee (window of the call consumed), or 0 with an exception. */
Value slow_call(VM *vm, Frame *f, Instr ins, Value *args, size_t nargs, Value kwnames, Frame **callee);
Value slow_call_ex(VM *vm, Frame *f, Instr ins, bool has_kwargs, Frame **callee);
Frame *slow_generator_push(VM *vm, Frame *f, Native *native, Value *args, size_t nargs);
Frame *slow_next_push(VM *vm, Frame *f, Value it);
Value slow_generator_iter(VM *vm, Value v);
Value slow_yield_from_iter(VM *vm, Frame *f, Value v);
Value slow_get_awaitable(VM *vm, Value v, unsigned where);
/* PEP 479: a StopIteration (StopAsyncIteration) that leaves a generator becomes a RuntimeError. */
void slow_stop_iteration_error(VM *vm, struct Generator *g);

#endif
