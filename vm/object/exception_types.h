/* What the files that define the exception classes share: exception.c, exception_types.c, exception_group.c. */
#ifndef COVE_OBJECT_EXCEPTION_TYPES_H
#define COVE_OBJECT_EXCEPTION_TYPES_H

#include "object/exception.h"

Value exception_alloc(VM *vm, Type *type, Value *args, size_t nargs); /* the instance with its args */
bool exception_no_keywords(VM *vm, Type *type, Value kwnames);
bool exception_set_args(VM *vm, Value self, Value *args, size_t nargs);
Value exception_reduce(VM *vm, Value self, Value args, Value state); /* (type, args[, state]); state 0: none */
Value exception_own_dict(VM *vm, Value self); /* a new dict of the instance's own attributes; owned */

/* BaseException's slots and tables */
void exception_dealloc(VM *vm, Object *self);
void exception_traverse(Object *self, VisitFn visit, void *arg);
void exception_clear(VM *vm, Object *self);
Value exception_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames);
bool exception_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
Value exception_repr(VM *vm, Value self);
Value exception_str(VM *vm, Value self);
extern const MethodSpec base_exception_methods[];
extern const GetSetSpec base_exception_getset[];

/* BaseExceptionGroup's */
Value group_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames);
Value group_str(VM *vm, Value self);
extern const MethodSpec group_methods[];
extern const GetSetSpec group_getset[];

#endif
