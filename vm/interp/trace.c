/* The events of sys.settrace() and sys.setprofile().
 *
 * Events go to functions that scripts have set: `call` to the thread's trace function, whose result becomes the trace
 * function of that frame and gets the others. While such a function runs, its thread is not traced. A function that
 * raises is not called again, and its exception is raised where the frame stands.
 *
 * A `line` event comes before the first instruction of another line than the last one, and after a jump back. */
#include "interp/trace.h"

#include "interp/eval.h"
#include "interp/generator.h"
#include "object/descr.h"

/* Says whether the thread is traced at this moment. */
static void update(VM *vm, Thread *t) {
    t->tracing = t->hooks_running == 0 && (t->trace != 0 || t->profile != 0);
    if (t->tracing)
        __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_TRACE, __ATOMIC_RELAXED);
}

void trace_set(VM *vm, Thread *t, Value *field, Value function) {
    Value old = *field;
    *field = function;
    update(vm, t);
    decref(vm, old);
}

Value trace_call_traced(VM *vm, Value function, Value args) {
    Thread *t = vm->thread;
    uint32_t running = t->hooks_running;
    t->hooks_running = 0;
    update(vm, t);
    Value result = call_ex(vm, function, args, 0);
    t->hooks_running = running;
    update(vm, t);
    return result;
}

void trace_begun(Frame *f) {
    if (f->object != NULL)
        f->object->traced_line = code_line(f->code, frame_lasti(f));
}

/* --- calling hooks --------------------------------------------------------------------------------------------- */

/* hook(frame, event, arg): owned. A pending exception stays that, unless the hook raises another one. */
static Value call_hook(VM *vm, Frame *f, Value hook, const char *event, Value arg) {
    Thread *t = vm->thread;
    Value pending = error_take(vm);
    Value args[3] = {frame_object(vm, f), str_intern_c(vm, event), arg};
    Value result = VALUE_ERROR;
    incref(hook);
    if (args[0] != 0 && args[1] != 0) {
        t->hooks_running++;
        t->tracing = false;
        result = call(vm, hook, args, 3, 0);
        t->hooks_running--;
        update(vm, t);
    }
    decref(vm, hook);
    decref(vm, args[0]);
    decref(vm, args[1]);
    if (result != 0)
        vm->thread->exception = pending;
    else
        decref(vm, pending);
    return result;
}

static bool tell_tracer(VM *vm, Frame *f, Value hook, const char *event, Value arg) {
    Value result = call_hook(vm, f, hook, event, arg);
    FrameObject *o = f->object;
    if (result == 0) {
        Value error = error_take(vm);
        if (o != NULL)
            set_owned(vm, &o->trace, 0);
        trace_set(vm, vm->thread, &vm->thread->trace, 0);
        vm->thread->exception = error;
        return false;
    }
    if (result != VALUE_NONE && o != NULL)
        set_owned(vm, &o->trace, result);
    else
        decref(vm, result);
    return true;
}

/* For the trace function of the frame, if there is one. */
static bool tell_frame(VM *vm, Frame *f, const char *event, Value arg) {
    if (vm->thread->trace == 0 || f->object == NULL || f->object->trace == 0)
        return true;
    return tell_tracer(vm, f, f->object->trace, event, arg);
}

static bool tell_profiler(VM *vm, Frame *f, const char *event, Value arg) {
    if (vm->thread->profile == 0)
        return true;
    Value result = call_hook(vm, f, vm->thread->profile, event, arg);
    decref(vm, result);
    if (result != 0)
        return true;
    Value error = error_take(vm);
    trace_set(vm, vm->thread, &vm->thread->profile, 0);
    vm->thread->exception = error;
    return false;
}

/* --- frames ---------------------------------------------------------------------------------------------------- */

static bool is_fresh(const Frame *f) { return f->pc == f->code->instrs; }

static bool enter_one(VM *vm, Frame *f) {
    FrameObject *o = f->object;
    if (o != NULL)
        o->traced_line = is_fresh(f) ? 0 : code_line(f->code, frame_lasti(f));
    if (vm->thread->trace != 0 && !tell_tracer(vm, f, vm->thread->trace, "call", VALUE_NONE))
        return false;
    if (o == NULL && f->object != NULL && !is_fresh(f))
        f->object->traced_line = code_line(f->code, frame_lasti(f));
    return tell_profiler(vm, f, "call", VALUE_NONE);
}

/* Those who delegate to a generator are resumed before it. */
static bool enter_chain(VM *vm, Generator *g) {
    Generator *parent = generator_parent(g);
    return (parent == NULL || enter_chain(vm, parent)) && enter_one(vm, &g->frame);
}

bool trace_entered(VM *vm, Frame *f) {
    if ((f->flags & FRAME_OF_GENERATOR) && !is_fresh(f))
        return enter_chain(vm, frame_generator(f));
    return enter_one(vm, f);
}

bool trace_returned(VM *vm, Frame *f, Value result) {
    return tell_frame(vm, f, "return", result) && tell_profiler(vm, f, "return", result);
}

bool trace_yielded(VM *vm, Frame *f, Value result) {
    for (Generator *g = frame_generator(f); g != NULL; g = generator_parent(g))
        if (!trace_returned(vm, &g->frame, result))
            return false;
    return true;
}

void trace_raised(VM *vm, Frame *f) {
    if (f->object != NULL && f->object->called != 0) {
        Value called = f->object->called;
        f->object->called = 0;
        bool ok = tell_profiler(vm, f, "c_exception", called);
        decref(vm, called);
        if (!ok)
            return;
    }
    if (vm->thread->trace == 0 || f->object == NULL || f->object->trace == 0)
        return;
    Value exception = incref(vm->thread->exception), pending = error_take(vm);
    Value traceback = as_exception(exception)->traceback;
    Value items[3] = {type_value(obj_type(as_obj(exception))), exception, traceback != 0 ? traceback : VALUE_NONE};
    Value arg = tuple_from_array(vm, items, 3);
    if (arg != 0) {
        vm->thread->exception = pending;
        tell_frame(vm, f, "exception", arg);
    } else {
        decref(vm, pending);
    }
    decref(vm, arg);
    decref(vm, exception);
}

void trace_left(VM *vm, Frame *f) {
    if (tell_frame(vm, f, "return", VALUE_NONE))
        tell_profiler(vm, f, "return", VALUE_NONE);
}

bool trace_stopped(VM *vm, Frame *f, Value result) {
    if (result == VALUE_NONE || vm->thread->trace == 0 || f->object == NULL || f->object->trace == 0)
        return true;
    raise_stop_iteration(vm, result);
    trace_raised(vm, f);
    bool ok = exception_is(vm, vm->thread->exception, vm->exc.StopIteration);
    if (ok)
        error_clear(vm);
    return ok;
}

/* --- instructions ---------------------------------------------------------------------------------------------- */

/* The native function or bound method that a call instruction is about to call; owned, 0 if it is something else. */
static Value called_function(VM *vm, Frame *f, Instr ins) {
    Opcode op = (Opcode)opcode_general(instr_op(ins));
    if (op != BC_CALL && op != BC_CALL_METHOD && op != BC_CALL_KW && op != BC_CALL_METHOD_KW && op != BC_CALL_EX)
        return 0;
    Value *at = &f->regs[instr_b(ins)];
    if (!has_kind(at[0], KIND_NATIVE))
        return 0;
    Native *native = (Native *)as_obj(at[0]);
    if (native->owner == NULL || native->self != 0)
        return incref(at[0]);
    Value self = op == BC_CALL_EX ? 0 : at[1] != 0 ? at[1] : at[2];
    if (self == 0 || !type_is_subtype(type_of(vm, self), native->owner))
        return incref(at[0]);
    return descr_bind(vm, at[0], self, type_of(vm, self));
}

/* Calls of native functions are over when their frame comes to its next instruction. */
static bool profile_instruction(VM *vm, Frame *f, Instr ins) {
    FrameObject *o = f->object;
    if (o != NULL && o->called != 0) {
        Value called = o->called;
        o->called = 0;
        bool ok = tell_profiler(vm, f, "c_return", called);
        decref(vm, called);
        if (!ok)
            return false;
    }
    Value called = vm->thread->profile != 0 ? called_function(vm, f, ins) : 0;
    if (called == 0)
        return !error_pending(vm);
    bool ok = tell_profiler(vm, f, "c_call", called);
    if (ok && f->object != NULL)
        set_owned(vm, &f->object->called, called);
    else
        decref(vm, called);
    return ok;
}

static bool is_loop_head(Opcode op) {
    return op == BC_FOR_ITER || op == BC_FOR_RANGE || op == BC_FOR_LIST || op == BC_FOR_GENERATOR;
}

/* The head of a for loop stands behind the body. Coming to it from there is the jump back, not going on with the body
 * from it. */
static bool is_jump_back(const FrameObject *o, const Instr *pc, uint32_t word) {
    if (!is_loop_head((Opcode)(uint16_t)*pc))
        return word < o->traced_word;
    uint32_t body = (uint32_t)((int64_t)word + 2 + (int32_t)pc[1]);
    return o->traced_word >= body && o->traced_word != word;
}

static bool trace_line(VM *vm, Frame *f, const Instr *pc) {
    FrameObject *o = f->object;
    uint32_t word = (uint32_t)(pc - f->code->instrs);
    int line = code_line(f->code, word);
    bool is_new = line > 0 && (line != o->traced_line || is_jump_back(o, pc, word));
    if (line > 0)
        o->traced_line = line;
    o->traced_word = is_loop_head((Opcode)(uint16_t)*pc) ? 0 : word;
    if (is_new && o->trace_lines && !tell_frame(vm, f, "line", VALUE_NONE))
        return false;
    return !f->object->trace_opcodes || tell_frame(vm, f, "opcode", VALUE_NONE);
}

static bool trace_next(VM *vm, Frame *f, const Instr *pc) {
    Opcode op = (Opcode)(uint16_t)*pc;
    f->pc = pc + 1;
    if (op == BC_UNPACK_CODE || op == BC_MAKE_CELL)
        return true; /* not of the script's making */
    FrameObject *o = f->object;
    if (o != NULL && o->trace != 0 && vm->thread->trace != 0 && !trace_line(vm, f, pc))
        return false;
    return (vm->thread->profile == 0 && (o == NULL || o->called == 0)) || profile_instruction(vm, f, *pc);
}

bool trace_instruction(VM *vm, Frame *f, const Instr *pc) {
    bool ok = trace_next(vm, f, pc);
    frame_drop_replaced(vm, f);
    return ok;
}
