/* The names that make a prompt friendlier: exit, quit, copyright, credits, license, help. They are objects whose repr
 * tells what to do and which can also be called. */
#include "stdlib/builtins/builtins.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

/* ---- exit and quit ---- */

typedef struct Named {
    Object header;
    Value name, text; /* owned; text is used by printers only */
} Named;

static void named_dealloc(VM *vm, Object *self) {
    decref(vm, ((Named *)self)->name);
    decref(vm, ((Named *)self)->text);
}

static Value named_new(VM *vm, Type *type, const char *name, const char *text) {
    Named *n = type ? object_alloc(vm, type, 0) : NULL;
    if (!n)
        return VALUE_ERROR;
    n->name = str_intern_c(vm, name);
    n->text = text ? str_from_c(vm, text) : VALUE_NONE;
    if (!n->name || !n->text) {
        obj_decref(vm, &n->header);
        return VALUE_ERROR;
    }
    return from_obj(n);
}

static Value quitter_repr(VM *vm, Value self) {
    return str_printf(vm, "Use %V() or Ctrl-D (i.e. EOF) to exit", ((Named *)as_obj(self))->name);
}

#define QUITTER_SIGNATURE "code=None"

/* sys.stdin is closed first, so that a loop that catches SystemExit does not read on. */
static Value quitter_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value code;
    if (!native_bind(vm, "Quitter.__call__", QUITTER_SIGNATURE, args, nargs, kwnames, &code, 1))
        return VALUE_ERROR;
    Value in = incref(dict_get_str(vm, vm->sys_dict, NAME(stdin)));
    if (in && !is_none(in)) {
        Value result = call_method0(vm, in, NAME(close));
        decref(vm, result);
        error_clear(vm);
    }
    decref(vm, in);
    Value argument = code ? code : VALUE_NONE, exc = exception_new(vm, vm->exc.SystemExit, &argument, 1);
    if (exc)
        raise_object(vm, exc);
    decref(vm, exc);
    return VALUE_ERROR;
}

static Value named_get_name(VM *vm, Value self) { return incref(((Named *)as_obj(self))->name); }

static const GetSetSpec named_getset[] = {
    {"name", named_get_name, NULL, "The name it goes by."},
    {0},
};

/* For its signature. */
static const MethodSpec quitter_methods[] = {
    {"__call__", quitter_call, QUITTER_SIGNATURE, "Leaves the interpreter with SystemExit(code).",
     METHOD_COEXIST | METHOD_RAW},
    {0},
};

static const TypeSpec quitter_spec = {
    .name = "_sitebuiltins.Quitter",
    .doc = "Leaves the interpreter when called.",
    .size = sizeof(Named),
    .flags = TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = named_dealloc, .repr = quitter_repr, .call = quitter_call},
    .methods = quitter_methods,
    .getset = named_getset,
};

/* ---- copyright, credits, license ---- */

static Value printer_repr(VM *vm, Value self) { return incref(((Named *)as_obj(self))->text); }

static Value print_value(VM *vm, Value v) {
    Value print = dict_get_c(vm, vm->builtins, "print");
    return print ? call1(vm, print, v) : raise_runtime(vm, "lost print()");
}

static Value printer_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!native_bind(vm, "_Printer.__call__", "", args, nargs, kwnames, NULL, 0))
        return VALUE_ERROR;
    return print_value(vm, ((Named *)as_obj(self))->text);
}

static const MethodSpec printer_methods[] = {
    {"__call__", printer_call, "", "Prints the text.", METHOD_COEXIST | METHOD_RAW},
    {0},
};

static const TypeSpec printer_spec = {
    .name = "_sitebuiltins._Printer",
    .doc = "Shows a text.",
    .size = sizeof(Named),
    .flags = TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = named_dealloc, .repr = printer_repr, .call = printer_call},
    .methods = printer_methods,
};

/* ---- help ---- */

static Value helper_repr(VM *vm, Value self) {
    return str_from_c(vm, "Type help() for interactive help, or help(object) for help about object.");
}

/* The texts are made by a module that is loaded when somebody asks for help. */
static Value helper_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value module = import_c(vm, "pydoc"), function = module ? attr_get_c(vm, module, "help") : VALUE_ERROR;
    decref(vm, module);
    Value result = function ? call(vm, function, args, nargs, kwnames) : VALUE_ERROR;
    decref(vm, function);
    return result;
}

static const MethodSpec helper_methods[] = {
    {"__call__", helper_call, "*args, **kwds", "Shows help about an object, or asks what about.", METHOD_COEXIST},
    {0},
};

static const TypeSpec helper_spec = {
    .name = "_sitebuiltins._Helper",
    .doc = "Shows help about an object.",
    .size = sizeof(Object),
    .flags = TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.repr = helper_repr, .call = helper_call},
    .methods = helper_methods,
};

static bool install(VM *vm, const char *name, Value value) {
    bool ok = value && dict_set_c(vm, vm->builtins, name, value);
    decref(vm, value);
    return ok;
}

bool site_install(VM *vm) {
    Type *quitter = vm_type(vm, &quitter_spec, vm->types.object);
    Type *printer = quitter ? vm_type(vm, &printer_spec, vm->types.object) : NULL;
    Type *helper = printer ? vm_type(vm, &helper_spec, vm->types.object) : NULL;
    Object *help = helper ? object_alloc(vm, helper, 0) : NULL;
    return help && install(vm, "help", from_obj(help)) && install(vm, "exit", named_new(vm, quitter, "exit", NULL)) &&
           install(vm, "quit", named_new(vm, quitter, "quit", NULL)) &&
           install(vm, "copyright",
                   named_new(vm, printer, "copyright", "Copyright (c) the Cove authors.\nAll rights reserved.")) &&
           install(vm, "credits",
                   named_new(vm, printer, "credits",
                             "Cove is the work of its authors, on the shoulders of many: the language "
                             "is Python's.")) &&
           install(vm, "license", named_new(vm, printer, "license", "See the file LICENSE that came with Cove."));
}
