/* Types: set-up of native ones, creation of script-made ones, lookup along the MRO, slots. */
#ifndef COVE_OBJECT_TYPE_H
#define COVE_OBJECT_TYPE_H

#include "object/object.h"

/* type.c ---------------------------------------------------------------------------------------------------------
 * vm_create calls type_setup_native for each row of types.def in order (object, then type, first). Rows that come
 * before strings can be made get their names from type_setup_names, to be called once str and the names exist; rows
 * set up later have them at once. Nothing else is needed: dicts, MROs and bases are filled on first use. */
bool type_setup_native(VM *vm, Type **field, const TypeSpec *spec, Type *base);
bool type_setup_names(VM *vm);
Value type_mro(VM *vm, Type *t);            /* borrowed tuple; 0 with MemoryError */
Value type_bases(VM *vm, Type *t);          /* borrowed tuple; 0 with MemoryError */
uint32_t type_version(VM *vm, Type *t);     /* assigned on demand; 0: cannot be cached */
const char *type_short_name(const Type *t); /* text of the name */
bool type_add_subclass(VM *vm, Type *base, Type *t);
void type_remove_subclass(VM *vm, Type *base, Type *t);
Value type_subclass_list(VM *vm, Type *t); /* list of the living direct subclasses */
void type_cache_free(VM *vm);              /* gives the method cache back, at the end of a VM */

/* The first function found for `name` on the type when it is a plain script function: borrowed, else 0. */
Value type_script_method(VM *vm, Type *t, Value name);

/* mro.c */
Value mro_compute(VM *vm, Type *t, Value bases); /* C3; owned tuple */
bool mro_set(VM *vm, Type *t);                   /* computes (a metaclass' mro() counts) and stores it */

/* type_new.c */
Type *type_best_base(VM *vm, Value bases);                       /* borrowed */
Type *type_calculate_metaclass(VM *vm, Type *meta, Value bases); /* borrowed; TypeError on a conflict */
bool type_same_layout(const Type *a, const Type *b); /* may an instance of one become an instance of the other? */
void type_set_layout(Type *t, uint16_t nmembers, uint16_t ninline);
extern const MethodSpec type_new_spec;    /* __new__ */
extern const GetSetSpec type_dict_getset; /* __dict__ of instances with an AttrArea */

/* type_slots.c */
typedef void (*SlotFn)(void);
typedef enum SlotKind {
    SK_UNARY,
    SK_HASH,
    SK_CALL,
    SK_INIT,
    SK_NEW,
    SK_DEL,
    SK_COMPARE,
    SK_GETATTRIBUTE,
    SK_GETATTR,
    SK_SETATTR,
    SK_DELATTR,
    SK_DESCR_GET,
    SK_DESCR_SET,
    SK_DESCR_DELETE,
    SK_NEXT,
    SK_BINARY,
    SK_REFLECTED,
    SK_POW,
    SK_RPOW,
    SK_TRUTH,
    SK_LEN,
    SK_GETITEM,
    SK_SETITEM,
    SK_DELITEM,
    SK_CONTAINS,
    SK_REPEAT,
    SK_INPLACE,
    SK_BUFFER,
    SK_RELEASE,
} SlotKind;
typedef struct SlotDef {
    const char *name;
    uint16_t name_offset; /* of the interned name in Names */
    uint16_t offset;      /* of the slot in Type */
    uint8_t kind;         /* SlotKind */
    uint8_t op;           /* operator for compare rows */
    bool specific_only;   /* only wraps native slots (sequence concat and the like); scripts use another row */
    SlotFn generic;       /* calls the script-defined method; NULL when specific_only */
    const char *doc;
} SlotDef;
extern const SlotDef slot_defs[];
extern const size_t slot_defs_count;
/* The slot at an offset of SlotDef, in a type or as the specification of a native one has it: NULL if it is empty. */
static inline SlotFn slot_get(const Type *t, size_t offset) {
    SlotFn f;
    memcpy(&f, (const char *)t + offset, sizeof f);
    return f;
}
static inline void slot_put(Type *t, size_t offset, SlotFn f) { memcpy((char *)t + offset, &f, sizeof f); }
SlotFn slot_of_spec(const TypeSpec *spec, size_t offset);
void slots_inherit(Type *t,
                   const Type *base);     /* of native types: fills the NULL slots; hash and compare go together */
void slots_update_all(VM *vm, Type *t);   /* every row, for classes with several bases */
void slots_update_names(VM *vm, Type *t); /* rows named in the type's own dict, others as the base's */
void slots_update_name(VM *vm, Type *t, Value name); /* the type and its subclasses, after an attribute changed */
bool slot_is_special(VM *vm, Value name);
Value slot_wrapper_call(VM *vm, const SlotDef *def, SlotFn fn, Value self, Value *args, size_t nargs, Value kwnames);
const char *slot_text_signature(const SlotDef *def); /* slot_wrapper.c */
Value slot_doc(VM *vm, const SlotDef *def);
bool slot_is_script(SlotFn fn); /* is it one of the functions that look a special method up? */
Value slot_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames); /* script-defined __new__ */
bool type_reads_plainly(VM *vm, Type *t);                /* is its __getattribute__ object's? */
Value slot_getattr_hook(VM *vm, Value self, Value name); /* __getattribute__ and __getattr__ together */

/* type_attr.c */
Value type_getattr(VM *vm, Value self, Value name);               /* type.__getattribute__ */
int type_attr_lookup(VM *vm, Value self, Value name, Value *out); /* as attr_lookup */
bool type_setattr(VM *vm, Value self, Value name, Value value);
#define TYPE_PATTERNS_NAME "__abc_tpflags__"
/* The TYPE_SEQUENCE and TYPE_MAPPING that an int (or 0) under that name stands for. */
uint32_t type_pattern_flags(Value value);
bool type_check_mutable(VM *vm, Type *t, Value name,
                        bool deleting); /* "cannot set 'x' attribute of immutable type" */
Value type_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
Value type_module_value(VM *vm, Type *t); /* __module__; owned; AttributeError */
Value type_doc_value(VM *vm, Type *t);
Value type_full_name(VM *vm, Type *t); /* module.qualname, without the module for builtins */

/* object_type.c */
Value object_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames);
bool object_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
bool object_set_class(VM *vm, Value self, Value value);
Value dir_merge_class(VM *vm, Value dict, Type *t); /* adds the attributes of a class and its bases; 0 on error */

/* super.c */
Value super_new(VM *vm, Value cls, Value obj);
/* What super(cls, obj).name finds: owned; *self is obj (borrowed) when it has to be passed first, 0 when already
 * bound. */
Value super_lookup(VM *vm, Value cls, Value obj, Value name, Value *self);

/* containers' part, generic_alias.c, union.c */
Value mappingproxy_new(VM *vm, Value mapping);
Value generic_alias_new(VM *vm, Value origin, Value args);
Value union_make(VM *vm, Value a, Value b); /* a | b: VALUE_NOTIMPL if they are not types */
Value union_type_args(Value u);             /* borrowed tuple */
bool is_union(VM *vm, Value v);
bool is_generic_alias(VM *vm, Value v);
Value alias_collect_parameters(VM *vm, Value args); /* the type variables among the arguments: tuple */
Value alias_substitute(VM *vm, Value self, Value args, Value parameters, Value item); /* new argument tuple */
Value alias_repr_item(VM *vm, Value item); /* how an argument shows itself in repr */

#endif
