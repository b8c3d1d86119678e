/* Struct sequences: tuples whose items have names (sys.version_info, time.struct_time, os.stat_result).
 *
 * Fields past the visible ones are attributes only: they stand behind the tuple's items, beyond its length. The
 * TypeSpec is made at run time, inside the record of the type, and lives as long as the VM. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct StructSeqTypes {
    struct StructSeqTypes *next;
    TypeSpec spec;
    const char *const *fields;
    size_t n_visible, n_all;
} StructSeqTypes;

static StructSeqTypes *info_of(const Type *t) { return container_of(t->spec, StructSeqTypes, spec); }

Value structseq_new(VM *vm, Type *type, Value *items) {
    StructSeqTypes *info = info_of(type);
    bool complete = true;
    for (size_t i = 0; i < info->n_all; i++)
        complete = complete && items[i] != 0;
    Tuple *t = complete ? object_alloc(vm, type, info->n_all * sizeof(Value)) : NULL;
    if (t == NULL) {
        for (size_t i = 0; i < info->n_all; i++)
            decref(vm, items[i]);
        return 0;
    }
    t->header.flags |= OBJ_SUBTYPE; /* not what fast paths for plain tuples expect */
    memcpy(t->items, items, info->n_all * sizeof(Value));
    t->len = info->n_visible;
    return from_obj(t);
}

static void structseq_clear(VM *vm, Object *self) {
    size_t n = info_of(obj_type(self))->n_all;
    for (size_t i = 0; i < n; i++)
        set_owned(vm, &((Tuple *)self)->items[i], 0);
}

static void structseq_traverse(Object *self, VisitFn visit, void *arg) {
    size_t n = info_of(obj_type(self))->n_all;
    for (size_t i = 0; i < n; i++)
        visit_value(((Tuple *)self)->items[i], visit, arg);
}

static const char *field_name(const StructSeqTypes *info, size_t i) { return info->fields[i]; }

static Value structseq_repr(VM *vm, Value self) {
    StructSeqTypes *info = info_of(obj_type(as_obj(self)));
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = strbuilder_printf(&b, "%s(", info->spec.name);
    for (size_t i = 0; ok && i < info->n_visible; i++)
        ok = strbuilder_printf(&b, "%s%s=%R", i != 0 ? ", " : "", field_name(info, i), as_tuple(self)->items[i]);
    if (ok && strbuilder_add_c(&b, ")"))
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return 0;
}

static Value check_length(VM *vm, StructSeqTypes *info, size_t n) {
    const char *name = info->spec.name;
    if (info->n_visible == info->n_all && n != info->n_visible)
        return raise_type(vm, "%s() takes a %u-sequence (%u-sequence given)", name, info->n_visible, n);
    if (n < info->n_visible)
        return raise_type(vm, "%s() takes an at least %u-sequence (%u-sequence given)", name, info->n_visible, n);
    if (n > info->n_all)
        return raise_type(vm, "%s() takes an at most %u-sequence (%u-sequence given)", name, info->n_all, n);
    return VALUE_NONE;
}

/* The dict may only name fields that the sequence does not reach. */
static bool check_names(VM *vm, StructSeqTypes *info, size_t n, Value dict) {
    size_t known = 0;
    for (size_t i = n; i < info->n_all; i++)
        known += dict_get_c(vm, dict, field_name(info, i)) != 0;
    if (error_pending(vm))
        return false;
    return known == dict_len(dict) ||
           raise_type(vm, "%s() got duplicate or unexpected field name(s)", info->spec.name);
}

static Value structseq_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    StructSeqTypes *info = info_of(type);
    Value a[2];
    if (!native_bind(vm, "structseq", "sequence, dict={}", args, nargs, kwnames, a, 2))
        return 0;
    if (a[1] != 0 && !is_dict(a[1]))
        return raise_type(vm, "%s() takes a dict as second arg, if any", info->spec.name);
    Value seq = tuple_from_iterable(vm, a[0]);
    if (seq == 0) {
        if (!error_matches(vm, vm->exc.TypeError))
            return 0;
        error_clear(vm);
        return raise_type(vm, "constructor requires a sequence");
    }
    size_t n = as_tuple(seq)->len;
    bool fits = check_length(vm, info, n) != 0 && (a[1] == 0 || check_names(vm, info, n, a[1]));
    Value *items = fits ? mem_zalloc(vm, info->n_all * sizeof(Value)) : NULL, result = 0;
    if (items != NULL) {
        for (size_t i = 0; i < info->n_all; i++) {
            Value v = i < n ? as_tuple(seq)->items[i] : a[1] != 0 ? dict_get_c(vm, a[1], field_name(info, i)) : 0;
            items[i] = v != 0 ? incref(v) : VALUE_NONE;
        }
        if (!error_pending(vm)) {
            result = structseq_new(vm, type, items);
        } else {
            for (size_t i = 0; i < info->n_all; i++)
                decref(vm, items[i]);
        }
        mem_free(vm, items, info->n_all * sizeof(Value));
    }
    decref(vm, seq);
    return result;
}

static Value hidden_dict(VM *vm, StructSeqTypes *info, Value self) {
    Value dict = dict_new(vm);
    for (size_t i = info->n_visible; dict != 0 && i < info->n_all; i++) {
        if (!dict_set_c(vm, dict, field_name(info, i), as_tuple(self)->items[i])) {
            decref(vm, dict);
            return 0;
        }
    }
    return dict;
}

static Value method_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    StructSeqTypes *info = info_of(obj_type(as_obj(self)));
    Value dict = hidden_dict(vm, info, self);
    Value plain = dict != 0 ? tuple_from_array(vm, as_tuple(self)->items, info->n_visible) : 0;
    Value inside = plain != 0 ? tuple_pack(vm, 2, plain, dict) : 0;
    Value result = inside != 0 ? tuple_pack(vm, 2, type_value(obj_type(as_obj(self))), inside) : 0;
    decref(vm, dict);
    decref(vm, plain);
    decref(vm, inside);
    return result;
}

static Value method_replace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    StructSeqTypes *info = info_of(obj_type(as_obj(self)));
    if (nargs != 0)
        return raise_type(vm, "__replace__() takes no positional arguments");
    Value unnamed = dict_get_c(vm, from_obj(obj_type(as_obj(self))->dict), "n_unnamed_fields");
    if (unnamed != 0 && unnamed != from_small_int(0))
        return raise_type(vm, "__replace__() is not supported for %s because it has unnamed field(s)",
                          obj_type(as_obj(self))->spec->name);
    Value *items = mem_zalloc(vm, info->n_all * sizeof(Value)), result = 0;
    if (items == NULL)
        return 0;
    for (size_t i = 0; i < info->n_all; i++)
        items[i] = incref(as_tuple(self)->items[i]);
    bool ok = true;
    for (size_t k = 0; ok && kwnames != 0 && k < as_tuple(kwnames)->len; k++) {
        Value name = as_tuple(kwnames)->items[k];
        size_t i = 0;
        while (i < info->n_all && !str_equals_c(name, field_name(info, i)))
            i++;
        ok = i < info->n_all;
        if (ok)
            set_owned(vm, &items[i], incref(args[k]));
        else
            raise_type(vm, "Got unexpected field name(s): [%R]", name);
    }
    if (ok) {
        result = structseq_new(vm, obj_type(as_obj(self)), items);
    } else {
        for (size_t i = 0; i < info->n_all; i++)
            decref(vm, items[i]);
    }
    mem_free(vm, items, info->n_all * sizeof(Value));
    return result;
}

static const MethodSpec structseq_methods[] = {
    {"__reduce__", method_reduce, "", "Helps pickle.", 0},
    {"__replace__", method_replace, "**changes", "A copy with some fields changed.", 0},
    {0},
};

static bool add_to_dict(VM *vm, Value dict, const char *name, Value v) {
    bool ok = v != 0 && dict_set_c(vm, dict, name, v);
    decref(vm, v);
    return ok;
}

static bool fill_dict(VM *vm, Type *t, StructSeqTypes *info) {
    Dict *d = type_dict(vm, t);
    if (d == NULL)
        return false;
    Value dict = from_obj(d), match = tuple_new(vm, info->n_visible);
    bool ok = match != 0;
    for (size_t i = 0; ok && i < info->n_all; i++) {
        Value name = str_intern_c(vm, field_name(info, i));
        ok = name != 0 && add_to_dict(vm, dict, field_name(info, i), member_item_new(vm, t, name, (uint32_t)i));
        if (i < info->n_visible)
            as_tuple(match)->items[i] = name != 0 ? name : VALUE_NONE;
        else
            decref(vm, name);
    }
    for (size_t i = 0; match != 0 && i < info->n_visible; i++) {
        if (as_tuple(match)->items[i] == 0)
            as_tuple(match)->items[i] = VALUE_NONE;
    }
    ok = ok && add_to_dict(vm, dict, "n_sequence_fields", from_small_int((int64_t)info->n_visible)) &&
         add_to_dict(vm, dict, "n_fields", from_small_int((int64_t)info->n_all)) &&
         add_to_dict(vm, dict, "n_unnamed_fields", from_small_int(0)) &&
         dict_set_c(vm, dict, "__match_args__", match);
    decref(vm, match);
    return ok;
}

Type *structseq_type(VM *vm, const char *name, const char *doc, const char *const *fields, size_t n_visible,
                     size_t n_all) {
    for (StructSeqTypes *i = vm->structseqs; i != NULL; i = i->next) {
        if (i->fields == fields && strcmp(i->spec.name, name) == 0)
            return as_type(dict_get(vm, vm->module_types, from_small_int((int64_t)((uintptr_t)&i->spec >> 3))));
    }
    StructSeqTypes *info = mem_zalloc(vm, sizeof *info);
    if (info == NULL)
        return NULL;
    info->fields = fields;
    info->n_visible = n_visible;
    info->n_all = n_all;
    info->spec.name = name;
    info->spec.doc = doc;
    info->spec.size = sizeof(Tuple);
    info->spec.flags = TYPE_GC | TYPE_VARSIZE | TYPE_NO_WEAKREF;
    info->spec.kind = KIND_TUPLE;
    info->spec.methods = structseq_methods;
    info->spec.slots = (Slots){.dealloc = structseq_clear,
                               .traverse = structseq_traverse,
                               .clear = structseq_clear,
                               .repr = structseq_repr,
                               .create = structseq_create};
    /* what only the interpreter itself can know cannot be made up by scripts */
    if (strcmp(name, "sys.version_info") == 0 || strcmp(name, "sys.flags") == 0)
        info->spec.flags |= TYPE_NO_NEW;
    Type *t = vm_type(vm, &info->spec, vm->types.tuple);
    if (t == NULL) {
        mem_free(vm, info, sizeof *info);
        return NULL;
    }
    /* from here on the type exists and refers to the record */
    info->next = vm->structseqs;
    vm->structseqs = info;
    return fill_dict(vm, t, info) ? t : NULL;
}
