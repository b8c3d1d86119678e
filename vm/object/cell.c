/* Cells: the boxes of variables that nested functions share. */
#include "runtime/vm.h"

#include "object/descr.h"

static Cell *as_cell(Value v) { return (Cell *)as_obj(v); }

Value cell_new(VM *vm, Value value) {
    Cell *c = object_alloc(vm, vm->types.cell, 0);
    if (c == NULL) {
        decref(vm, value);
        return 0;
    }
    c->value = value;
    return from_obj(c);
}

static Value cell_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value contents;
    if (!native_bind(vm, "cell", "contents=None, /", args, nargs, kwnames, &contents, 1))
        return 0;
    return cell_new(vm, incref(contents));
}

static Value cell_repr(VM *vm, Value self) {
    Value at = address_text(vm, self), content = as_cell(self)->value, inner, text = 0;
    if (at == 0)
        return 0;
    if (content == 0) {
        text = str_printf(vm, "<cell at %V: empty>", at);
    } else if ((inner = address_text(vm, content)) != 0) {
        text = str_printf(vm, "<cell at %V: %T object at %V>", at, content, inner);
        decref(vm, inner);
    }
    decref(vm, at);
    return text;
}

static Value cell_compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!has_kind(a, KIND_CELL) || !has_kind(b, KIND_CELL))
        return VALUE_NOTIMPL;
    Value x = as_cell(a)->value, y = as_cell(b)->value;
    if (x != 0 && y != 0) {
        if (!native_enter(vm, " in comparison"))
            return 0;
        incref(x);
        incref(y);
        Value result = compare_rich(vm, x, y, op);
        decref(vm, x);
        decref(vm, y);
        native_leave(vm);
        return result;
    }
    int order = (x != 0) - (y != 0); /* an empty cell is less than a full one */
    return from_bool(order_holds(order, op));
}

static Value get_contents(VM *vm, Value self) {
    Value v = as_cell(self)->value;
    return v != 0 ? incref(v) : raise_value(vm, "Cell is empty");
}

static bool set_contents(VM *vm, Value self, Value value) {
    set_owned(vm, &as_cell(self)->value, incref(value));
    return true;
}

static void cell_traverse(Object *self, VisitFn visit, void *arg) { visit_value(((Cell *)self)->value, visit, arg); }
static void cell_clear(VM *vm, Object *self) { set_owned(vm, &((Cell *)self)->value, 0); }

static const GetSetSpec cell_getset[] = {
    {"cell_contents", get_contents, set_contents, "what the cell holds"},
    {0},
};

const TypeSpec cell_spec = {
    .name = "cell",
    .doc = "cell([contents]) makes a box as closures use them.",
    .size = sizeof(Cell),
    .flags = TYPE_GC | TYPE_NO_WEAKREF,
    .kind = KIND_CELL,
    .slots = {.dealloc = cell_clear,
              .traverse = cell_traverse,
              .clear = cell_clear,
              .create = cell_create,
              .repr = cell_repr,
              .compare = cell_compare},
    .getset = cell_getset,
};
