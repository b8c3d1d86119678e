/* Telling a deadlock. Who waits for what is gathered here, from the threads' states; how it is told is the module
 * _deadlock's business. */
#include "stdlib/thread/thread.h"

#include <signal.h>

#include "interp/frame.h"
#include "runtime/signals.h"
#include "runtime/unraisable.h"
#include "stdlib/thread/deadlock.h"

/* A handler of the script may wake anybody. That of the keyboard's interrupt only ends the program. */
static bool signals_may_help(VM *vm) {
    SignalState *s = vm->signals;
    for (int n = 1; s != NULL && n < SIGNALS_MAX; n++)
        if (n != SIGINT && is_obj(s->handlers[n]))
            return true;
    return false;
}

/* (number, frame, what it waits for, number of the thread that holds it) */
static Value describe(VM *vm, Thread *t) {
    Value waited = t->parked_in != NULL && t->parked_in->object != 0 ? t->parked_in->object : VALUE_NONE;
    const char *kind;
    Thread *owner = thread_lock_owner(waited, &kind);
    Value ident = int_from_uint64(vm, t->os_ident),
          frame = t->frame == NULL ? VALUE_NONE : frame_object(vm, t->frame);
    Value holder = owner == NULL ? VALUE_NONE : int_from_uint64(vm, owner->os_ident);
    Value row = ident && frame && holder ? tuple_pack(vm, 4, ident, frame, waited, holder) : VALUE_ERROR;
    decref(vm, ident);
    decref(vm, frame);
    decref(vm, holder);
    return row;
}

static Value describe_all(VM *vm) {
    Value list = list_new(vm, 0);
    for (Thread *t = vm->threads; list != 0 && t != NULL; t = t->next) {
        Value row = describe(vm, t);
        if (row == 0 || !list_append_steal(vm, list, row)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return list;
}

static Value make_report(VM *vm) {
    Value waits = describe_all(vm), name = waits == 0 ? 0 : str_from_c(vm, "_deadlock");
    Value module = name == 0 ? 0 : vm->import_name(vm, name, VALUE_NONE, VALUE_NONE, 0);
    Value fn = module == 0 ? 0 : attr_get_c(vm, module, "report");
    Value text = fn == 0 ? 0 : call1(vm, fn, waits);
    decref(vm, fn);
    decref(vm, module);
    decref(vm, name);
    decref(vm, waits);
    return text;
}

bool deadlock_report(VM *vm) {
    if (signals_may_help(vm))
        return false;
    Value text = make_report(vm);
    if (text != 0 && is_str(text)) {
        stderr_write(vm, NULL, str_data(text), as_str(text)->nbytes);
    } else {
        error_clear(vm);
        static const char plain[] = "Deadlock: every thread of the program waits for another one to go on.\n";
        stderr_write(vm, NULL, plain, sizeof plain - 1);
    }
    decref(vm, text);
    return true;
}
