/* The interpreter loop.
 *
 * One call of eval_run executes a whole tree of script calls: a call pushes a frame and continues in the same C
 * frame, a return pops it. The state of the running frame is kept in C locals (registers of the machine):
 *
 *     frame, consts, pc, nlocals      and frame->pc, which must be current whenever anything can raise or look
 *
 * Rules for whoever edits a handler:
 *   1. Operands that are temporaries are consumed: after use, DROP(operand) (a no-op for locals). Numbers need no
 * DROP: a dead register may hold any value that is not a heap pointer.
 *   2. Write the destination last, with STORE, after everything that can fail.
 *   3. SAVE() before anything that can raise, run scripts or look at the frame; then `goto error` on failure.
 * Operands may still be in their registers then: unwinding drops them.
 *   4. Whatever may run scripts may also free what you borrowed: read operands again, or hold references.
 *   5. Never cache frame or pc across a push or pop of a frame other than by LOAD_FRAME.
 *   6. A handler's fast path is short and inline; the rest is a function in slow.c.
 *   7. An instruction may quicken itself by rewriting its opcode; the quickened form checks its guess and, when it is
 *      wrong, turns back and starts over (DEOPT). Both forms have the same operands and length. */
#include <math.h>

#include "interp/eval.h"
#include "interp/generator.h"
#include "interp/operation.h"
#include "interp/slow.h"
#include "interp/trace.h"
#include "interp/traceback.h"
#include "object/set.h"
#include "object/shape.h"
#include "runtime/limits.h"

#define A instr_field(ins, 1)
#define B instr_field(ins, 2)
#define C instr_field(ins, 3)
#define X ((int32_t)instr_x(*ins))

/* The registers stand at a fixed distance behind the frame's header: no variable of its own. */
#define regs (frame->regs)
#define SAVE() (frame->pc = pc)

/* What tracing adds to a handler. */
#define TRACED(what)                                                                                                 \
    do {                                                                                                             \
        if (unlikely(t->tracing)) {                                                                                  \
            what;                                                                                                    \
        }                                                                                                            \
    } while (0)

/* While the thread is traced, every instruction leads to `traced` first: `targets` is then another table. */
#if defined(__GNUC__)
#define TARGET(op) L_##op
#define DISPATCH() goto *targets[instr_field(pc, 0)]
#define DISPATCH_TRACED() goto *handlers[instr_field(pc, 0)]
#define SET_TRACED(on) (targets = (on) ? traced_handlers : handlers)
#define IS_TRACED() (targets == traced_handlers)
#else
#define TARGET(op)                                                                                                   \
    case BC_##op:                                                                                                    \
        L_##op
#define DISPATCH() goto dispatch
#define DISPATCH_TRACED() goto dispatch_traced
#define SET_TRACED(on) (is_traced = (on))
#define IS_TRACED() is_traced
#endif

/* A handler begins with this: its operands are then A, B, C, X of `ins`, wherever pc goes. */
#define FETCH() UNUSED const Instr *const ins = pc++

/* Continues in another handler with the instruction at hand. */
#define GOTO_TARGET(op)                                                                                              \
    do {                                                                                                             \
        pc--;                                                                                                        \
        goto L_##op;                                                                                                 \
    } while (0)

/* The paths of operands that are unbound locals, and of operations on instances of script classes. */
#define UNBOUND()                                                                                                    \
    do {                                                                                                             \
        instr = *ins;                                                                                                \
        goto unbound;                                                                                                \
    } while (0)
#define OPERATION_AS(op)                                                                                             \
    do {                                                                                                             \
        instr = instr_with_op(*ins, op);                                                                             \
        goto operation;                                                                                              \
    } while (0)
#define OPERATION() OPERATION_AS(instr_op(*ins))

#define RELEASE(v)                                                                                                   \
    do {                                                                                                             \
        Value released_ = (v);                                                                                       \
        if (is_obj(released_) && --as_obj(released_)->refcount == 0) {                                               \
            SAVE();                                                                                                  \
            object_free(vm, as_obj(released_));                                                                      \
        }                                                                                                            \
    } while (0)

#define STORE(reg, v)                                                                                                \
    do {                                                                                                             \
        Value *slot_ = &regs[reg];                                                                                   \
        Value old_ = *slot_;                                                                                         \
        *slot_ = (v);                                                                                                \
        RELEASE(old_);                                                                                               \
    } while (0)

/* The value of an operand is no longer needed: drop it if it is a temporary's. */
#define DROP(reg)                                                                                                    \
    do {                                                                                                             \
        unsigned dropped_ = (reg);                                                                                   \
        if (dropped_ >= nlocals) {                                                                                   \
            Value temp_ = regs[dropped_];                                                                            \
            regs[dropped_] = 0;                                                                                      \
            RELEASE(temp_);                                                                                          \
        }                                                                                                            \
    } while (0)

/* An owned value from an operand: moved out of a temporary, a new reference from a local. */
#define TAKE(into, reg)                                                                                              \
    do {                                                                                                             \
        unsigned taken_ = (reg);                                                                                     \
        into = regs[taken_];                                                                                         \
        if (taken_ >= nlocals)                                                                                       \
            regs[taken_] = 0;                                                                                        \
        else if (likely(into != 0))                                                                                  \
            incref(into);                                                                                            \
        else                                                                                                         \
            UNBOUND();                                                                                               \
    } while (0)

#define LOAD_FRAME(f)                                                                                                \
    do {                                                                                                             \
        frame = (f);                                                                                                 \
        consts = frame->code->consts;                                                                                \
        nlocals = frame->code->nlocals;                                                                              \
        pc = frame->pc;                                                                                              \
    } while (0)

/* The places between instructions where what interrupts a script is seen to. Behind a jump and at the start of a
 * frame, which is where exceptions then come from, it is done a little differently. */
#define SAFEPOINT_OR(interrupted)                                                                                    \
    do {                                                                                                             \
        if (unlikely(vm_interrupted(vm)))                                                                            \
            goto interrupted;                                                                                        \
    } while (0)
#define SAFEPOINT() SAFEPOINT_OR(interrupted)
#define SAFEPOINT_JUMPED() SAFEPOINT_OR(interrupted_at_jump)
#define SAFEPOINT_ENTERED() SAFEPOINT_OR(interrupted_at_start)

/* Behind an operation on objects, which may have taken long: a step, but no place where threads change or signals are
 * handled when nothing is limited. */
#define SAFEPOINT_LIMITED()                                                                                          \
    do {                                                                                                             \
        if (unlikely(__atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED) & INTERRUPT_LIMIT))                          \
            goto interrupted;                                                                                        \
    } while (0)

#define QUICKEN(op) (*(Instr *)ins = instr_with_op(*ins, op))
/* The guess was wrong: become the general form and execute that. */
#define DEOPT(op)                                                                                                    \
    do {                                                                                                             \
        pc--;                                                                                                        \
        *(Instr *)pc = instr_with_op(*pc, BC_##op);                                                                  \
        goto L_##op;                                                                                                 \
    } while (0)

/* An instance of a script class: its special methods are scripts' business. */
#define SCRIPT_MADE(v) (is_obj(v) && (obj_type(as_obj(v))->flags & TYPE_HEAP))

static ALWAYS_INLINE void pop_frame(VM *vm, Thread *t, Frame *f) {
    t->depth--;
    t->frame_top = (char *)f;
    if (unlikely(f->flags & FRAME_FIRST_IN_CHUNK))
        frame_pop_chunk(vm);
}

static ALWAYS_INLINE void clear_registers(VM *vm, Value *values, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        Value v = values[i];
        if (is_obj(v)) {
            values[i] = 0;
            obj_decref(vm, as_obj(v));
        }
    }
}

/* Drops what an ending frame owns, but for its function. */
static ALWAYS_INLINE void drop_frame(VM *vm, Frame *f, unsigned nregs) {
    if (unlikely(f->object != NULL))
        frame_detach(vm, f, f->previous);
    clear_registers(vm, frame_registers(f), nregs);
    if (unlikely(!(f->code->flags & CO_OPTIMIZED))) {
        Value ns = *frame_namespace(f);
        *frame_namespace(f) = 0;
        decref(vm, ns);
    }
}

/* Ends a frame of the stack. It is out of sight before anything is dropped, so that finalizers cannot get hold of it.
 */
static ALWAYS_INLINE void end_frame(VM *vm, Thread *t, Frame *f, unsigned nregs) {
    t->frame = f->previous;
    drop_frame(vm, f, nregs);
    Function *fn = f->func;
    pop_frame(vm, t, f);
    obj_decref(vm, &fn->header);
}

/* The same for a plain frame of a function. */
static ALWAYS_INLINE void end_plain_frame(VM *vm, Thread *t, Frame *f, unsigned nlocals) {
    t->frame = f->previous;
    clear_registers(vm, frame_registers(f), nlocals);
    Function *fn = f->func;
    t->depth--;
    t->frame_top = (char *)f;
    obj_decref(vm, &fn->header);
}

/* Makes the registers of a plain call: arguments moved out of the caller's temporaries. */
static ALWAYS_INLINE void move_args(Frame *f, Value *args, unsigned n) {
    Value *to = frame_registers(f);
    unsigned i = 0, nregs = f->code->nregs;
    for (; i < n; i++) {
        to[i] = args[i];
        args[i] = 0;
    }
    /* two at a time: the word behind the last register is free (FRAME_SLACK) */
    for (; i < nregs; i += 2)
        to[i] = to[i + 1] = 0;
}

Value eval_run(VM *vm, Frame *entry, int how) {
#if defined(__GNUC__)
    static const void *const handlers[OPCODE_COUNT] = {
#define OPCODE(name, format, caches, flags, meaning) &&L_##name,
#include "code/opcodes.def"
#include "code/quickened.def"
#undef OPCODE
    };
    static const void *const traced_handlers[OPCODE_COUNT] = {[0 ... OPCODE_COUNT - 1] = &&traced};
    const void *const *targets = handlers;
#else
    bool is_traced = false;
#endif
    Thread *t = vm->thread;
    Frame *frame;
    const Value *consts;
    const Instr *pc;
    unsigned nlocals;
    Instr instr;                  /* of a handler on its way to a path that many share */
    Value result;                 /* of calls and returns on their way to a register */
    Frame *callee;                /* pushed, about to be entered */
    Value *call_args, call_names; /* of a call on its way to the general path */
    unsigned call_count;
    int yield_status;

    LOAD_FRAME(entry);
    t->frame = frame;
    if (unlikely(how == EVAL_THROW)) {
        TRACED(SET_TRACED(true); if (!trace_entered(vm, frame)) goto error);
        goto error;
    }
    if (unlikely(vm_interrupted(vm))) {
        if (how != EVAL_GO_ON)
            goto interrupted_at_start;
        TRACED(SET_TRACED(true)); /* as it was: the line that the run paused at may not have been told of */
        goto interrupted;
    }
    DISPATCH();
#if !defined(__GNUC__)
dispatch:
    if (unlikely(is_traced))
        goto traced;
dispatch_traced:
    switch ((Opcode)instr_field(pc, 0))
#endif
    {
#include "interp/op_load.inc"
#include "interp/op_arith.inc"
#include "interp/op_compare.inc"
#include "interp/op_attr.inc"
#include "interp/op_item.inc"
#include "interp/op_build.inc"
#include "interp/op_iter.inc"
#include "interp/op_flow.inc"
#include "interp/op_call.inc"
#include "interp/op_yield.inc"
#include "interp/op_except.inc"
#include "interp/op_misc.inc"
    }

/* --- a frame was pushed: run it
   -------------------------------------------------------------------------------------- */
enter_callee:
    t->frame = callee;
    LOAD_FRAME(callee);
    SAFEPOINT_ENTERED();
    DISPATCH();

    /* --- something is to be seen to
     * ------------------------------------------------------------------------------------------------------------ */
interrupted_at_jump: /* what a signal's handler raises comes from there: the handlers around that place are found */
    frame->pc = pc + 1;
    if (!vm_safepoint_of_frames(vm)) {
        pc++;
        goto error;
    }
    goto seen_to;
interrupted_at_start:
    TRACED(SET_TRACED(true); if (!trace_entered(vm, frame)) goto error);
interrupted:
    SAVE();
    if (!vm_safepoint_of_frames(vm))
        goto error;
seen_to:
    if (unlikely(vm->replaced_frames != 0))
        frame_drop_replaced(vm, frame);
    if (unlikely(t->tracing && !IS_TRACED())) {
        SAVE();
        trace_begun(frame);
        SET_TRACED(true);
    }
    if (unlikely(limits_pause(vm)))
        goto pause;
    DISPATCH();

    /* --- an instruction of a traced thread
     * ------------------------------------------------------------------------------------------------------------ */
traced:
    if (unlikely(!t->tracing)) {
        SET_TRACED(false);
        DISPATCH();
    }
    if (likely(trace_instruction(vm, frame, pc)))
        DISPATCH_TRACED();
    pc++;
    goto error;

    /* --- an instruction needs methods of script classes
     * ------------------------------------------------------------------------------------------------------------ */
operation:
    SAVE();
    callee = NULL;
    result = operation_start(vm, frame, instr, &callee);
operation_result:
    if (callee != NULL)
        goto enter_callee;
    if (result == 0)
        goto error;
    pc = operation_finish(vm, frame, instr, result);
    if (pc == NULL) {
        pc = frame->pc;
        goto error;
    }
    SAFEPOINT();
    DISPATCH();

    /* --- the running frame returns `result`
     * ----------------------------------------------------------------------------- */
return_result:
    SAVE();
    TRACED(if (!trace_returned(vm, frame, result)) {
        decref(vm, result);
        goto error;
    });
    if (likely(frame_is_plain(frame)) && (frame->code->flags & CO_OPTIMIZED)) {
        unsigned dst = frame->dst;
        Frame *previous = frame->previous;
        end_plain_frame(vm, t, frame, nlocals);
        LOAD_FRAME(previous);
        STORE(dst, result);
        DISPATCH();
    }
    if (frame->flags & FRAME_OF_GENERATOR)
        goto generator_return;
    if (likely(frame_is_entry(frame))) {
        end_plain_frame(vm, t, frame, nlocals);
        t->exit_status = SEND_RETURN;
        return result;
    }
    {
        unsigned dst = frame->dst, aux = frame->aux, kind = frame->ret;
        Frame *previous = frame->previous;
        end_frame(vm, t, frame, nlocals);
        if (likely(kind == RET_STORE)) {
            LOAD_FRAME(previous);
            STORE(dst, result);
            DISPATCH();
        }
        if (kind == RET_EXIT) {
            t->exit_status = SEND_RETURN;
            return result;
        }
        LOAD_FRAME(previous);
        switch (kind) {
        case RET_INIT:
            if (unlikely(result != VALUE_NONE)) {
                raise_type(vm, "__init__() should return None, not '%T'", result);
                decref(vm, result);
                goto error;
            }
            result = regs[aux];
            regs[aux] = 0;
            STORE(dst, result);
            DISPATCH();
        case RET_OPERATION:
            callee = NULL;
            result = operation_resume(vm, frame, dst, aux, result, &instr, &callee);
            goto operation_result;
        case RET_NEXT_METHOD:
            STORE(dst, result);
            pc += (int32_t)pc[-1];
            SAFEPOINT();
            DISPATCH();
        default:
            UNREACHABLE();
        }
    }

    /* --- a run has used up its budget: whoever continues it enters this frame again
     * ------------------------------------------------------------------------------------------------------------ */
pause:
    SAVE();
    t->exit_status = SEND_PAUSED;
    return VALUE_ERROR;

    /* --- errors
     * ------------------------------------------------------------------------------------------------------------ */
unbound:
    SAVE();
    slow_unbound_operand(vm, frame, instr);
error:
    SAVE();
    assert(error_pending(vm));
    traceback_add(vm, frame);
    TRACED(trace_raised(vm, frame));
unwind : {
    if (unlikely(vm->stopping))
        limits_insist(vm);
    const HandlerEntry *handler =
        unlikely(vm->stopping) ? NULL : code_handler(frame->code, (uint32_t)(frame->pc - frame->code->instrs) - 1);
    slow_drop_temporaries(vm, frame, handler != NULL ? handler->reg : frame->code->nlocals);
    if (handler != NULL) {
        regs[handler->reg] = error_take(vm);
        pc = frame->code->instrs + handler->handler;
        DISPATCH();
    }
    TRACED(trace_left(vm, frame));
    if (frame->flags & FRAME_OF_GENERATOR)
        goto generator_raise;
    unsigned kind = frame->ret;
    Frame *previous = frame->previous;
    end_frame(vm, t, frame, frame->code->nlocals);
    if (kind == RET_EXIT) {
        t->exit_status = SEND_ERROR;
        return VALUE_ERROR;
    }
    LOAD_FRAME(previous);
    if (kind == RET_NEXT_METHOD && error_matches(vm, vm->exc.StopIteration)) {
        error_clear(vm);
        const Instr *ins = pc - 2;
        DROP(B);
        DISPATCH();
    }
    goto error;
}
}
