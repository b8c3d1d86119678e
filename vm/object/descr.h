/* Descriptors that stand for native things in class dicts: computed attributes, members of __slots__, slot wrappers.
 */
#ifndef COVE_OBJECT_DESCR_H
#define COVE_OBJECT_DESCR_H

#include "object/object.h"
#include "object/type.h"

typedef struct Descriptor { /* KIND_DESCRIPTOR: the type tells which of the fields count */
    Object header;
    Type *owner;              /* owned */
    Value name;               /* owned */
    const GetSetSpec *getset; /* getset_descriptor */
    const SlotDef *slot;      /* wrapper_descriptor */
    SlotFn fn;                /* wrapper_descriptor: the wrapped C function */
    uint32_t offset; /* member_descriptor: of the Value in the instance; 0: kept among the instance's attributes */
    uint32_t index;  /* struct sequences: item number + 1, else 0 */
    Value doc;       /* member_descriptor: or 0 */
} Descriptor;

typedef struct MethodWrapper { /* a slot wrapper bound to its object; KIND_OTHER */
    Object header;
    Descriptor *descr; /* owned */
    Value self;
} MethodWrapper;

Value getset_new(VM *vm, Type *owner, const GetSetSpec *spec);
Value member_new(VM *vm, Type *owner, Value name, uint32_t offset);
Value member_item_new(VM *vm, Type *owner, Value name, uint32_t index);
Value slot_wrapper_new(VM *vm, Type *owner, const SlotDef *def, SlotFn fn);
/* Calls the descriptor's __get__ as attribute access does; d must have one. obj may be 0. */
Value descr_bind(VM *vm, Value d, Value obj, Type *type);
bool descr_applies(VM *vm, Type *owner, Value name, Value obj); /* TypeError unless obj is an `owner` */
static inline bool is_descriptor_of(Value v, const Type *t) { return is_obj(v) && obj_type(as_obj(v)) == t; }

int descr_is_abstract(VM *vm, Value fn); /* fn.__isabstractmethod__: 1, 0, -1; fn may be 0 */
Value classmethod_new(VM *vm, Value func);
Value staticmethod_new(VM *vm, Value func);
Value native_text_signature(VM *vm, const char *signature, const char *self); /* "($self, x, /)" */
/* The docstring under "module.Class.attribute" in the module _docs, or None. Consumes the key, which may be 0. */
Value doc_find(VM *vm, Value key);
/* "list.append()" or "len()" or "math.sqrt()": how TypeErrors name a callable; owned str */
Value callable_text(VM *vm, Value fn);

/* "0x7f...": the address of an object as reprs show it; for unboxed values a number made of their bits. */
Value address_text(VM *vm, Value v);

#endif
