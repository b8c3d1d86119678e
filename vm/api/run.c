/* Runs: calls that can be paused and continued.
 *
 * A run has a stack of frames of its own, which is the thread's while the run goes on. To pause, the interpreter
 * returns and leaves the frames where they are; to continue, it is entered with the innermost one. A generator or
 * coroutine that the call has made is then driven from its own frame, in the same way. */
#include "api/api.h"
#include "interp/eval.h"
#include "interp/generator.h"
#include "interp/trace.h"
#include "runtime/limits.h"
#include "runtime/roots.h"

enum { RUN_NEW, RUN_PAUSED, RUN_WAITING, RUN_GOING, RUN_OVER };

struct cove_run {
    VM *vm;
    int state;
    Value generator; /* that is driven, or 0 */
    Frame *frame;    /* innermost, of one that is new or paused */
    Frame *base;     /* outermost, whose `previous` is whoever resumes */
    struct FrameChunk *chunk;
    char *frame_top, *frame_end;
    HandledItem base_handled, *handled;
    uint32_t depth;
    uint64_t steps;
    int64_t recalled_ns;     /* how long its steps have taken at most, of late */
    bool begun;              /* some instruction of it has been executed */
    bool freed;              /* by a native function that it has called: it goes when it comes back */
    cove_run *next, **place; /* in the list of the host's */
};

/* Exchanges the run's stack for the thread's. */
static void swap_stacks(cove_run *run) {
    Thread *t = run->vm->thread;
    struct FrameChunk *chunk = t->chunk;
    char *top = t->frame_top, *end = t->frame_end;
    t->chunk = run->chunk;
    t->frame_top = run->frame_top;
    t->frame_end = run->frame_end;
    run->chunk = chunk;
    run->frame_top = top;
    run->frame_end = end;
}

/* --- making ------------------------------------------------------------------------------------------------------
 */

static cove_run *run_alloc(VM *vm) {
    cove_run *run = mem_zalloc(vm, sizeof *run);
    if (run == NULL)
        return NULL;
    run->vm = vm;
    run->handled = &run->base_handled;
    run->place = &vm->host->runs;
    if ((run->next = *run->place) != NULL)
        run->next->place = &run->next;
    return *run->place = run;
}

/* Of one that goes on, the thread knows the rest. */
void runs_visit(VM *vm, VisitFn visit, void *arg) {
    for (const cove_run *run = vm->host->runs; run != NULL; run = run->next) {
        visit_value(run->generator, visit, arg);
        if (run->state != RUN_GOING && run->frame != NULL)
            frames_visit(run->frame, run->base, visit, arg);
    }
}

static void run_release(cove_run *run) {
    VM *vm = run->vm;
    swap_stacks(run);
    frame_stack_free(vm, vm->thread);
    swap_stacks(run);
    decref(vm, run->generator);
    *run->place = run->next;
    if (run->next != NULL)
        run->next->place = run->place;
    mem_free(vm, run, sizeof *run);
}

/* What is neither a function nor a method of scripts is called by one. */
static Value caller_function(VM *vm) {
    static const char text[] = "lambda fn, args: fn(*args)";
    Value code = api_compile(vm, text, sizeof text - 1, "<cove>", "eval");
    Value fn = code == 0 ? 0 : code_run(vm, code, vm->builtins, vm->builtins);
    decref(vm, code);
    return fn;
}

static bool push_call(VM *vm, cove_run *run, Value fn, Value *args, size_t nargs) {
    if (as_function(fn)->code->flags & CO_SUSPENDS) {
        run->generator = call(vm, fn, args, nargs, 0);
        return run->generator != 0;
    }
    uint32_t depth = vm->thread->depth;
    swap_stacks(run);
    run->frame = run->base = function_push(vm, fn, args, nargs);
    swap_stacks(run);
    run->depth = vm->thread->depth - depth;
    vm->thread->depth = depth;
    return run->frame != NULL;
}

static bool start_method(VM *vm, cove_run *run, const Method *m, const cove_value *args, size_t nargs) {
    Value *all = mem_alloc(vm, (nargs + 1) * sizeof(Value));
    if (all == NULL)
        return false;
    all[0] = m->self;
    if (nargs > 0)
        memcpy(all + 1, args, nargs * sizeof(Value));
    bool ok = push_call(vm, run, m->func, all, nargs + 1);
    mem_free(vm, all, (nargs + 1) * sizeof(Value));
    return ok;
}

static bool start_any(VM *vm, cove_run *run, Value fn, const cove_value *args, size_t nargs) {
    Value caller = caller_function(vm), tuple = caller == 0 ? 0 : tuple_from_array(vm, (Value *)args, nargs);
    bool ok = tuple != 0 && push_call(vm, run, caller, (Value[]){fn, tuple}, 2);
    decref(vm, tuple);
    decref(vm, caller);
    return ok;
}

static bool is_driven(VM *vm, Value v) {
    return has_kind(v, KIND_GENERATOR) && obj_type(as_obj(v)) != vm->types.async_generator;
}

static cove_run *made(VM *vm, cove_run *run, bool ok) {
    if (run != NULL && ok)
        return run;
    if (run != NULL)
        run_release(run);
    api_fail(vm);
    return NULL;
}

cove_run *cove_run_new(cove_vm *host, cove_value fn, const cove_value *args, size_t nargs) {
    ENTER(host);
    NEED_OR(fn, NULL);
    if (!api_need_all(vm, args, nargs))
        return NULL;
    cove_run *run = run_alloc(vm);
    bool ok = run != NULL;
    const Method *m = has_kind(fn.bits, KIND_METHOD) ? (Method *)as_obj(fn.bits) : NULL;
    if (ok && is_driven(vm, fn.bits) && nargs == 0)
        run->generator = incref(fn.bits);
    else if (ok && has_kind(fn.bits, KIND_FUNCTION))
        ok = push_call(vm, run, fn.bits, (Value *)args, nargs);
    else if (ok && m != NULL && has_kind(m->func, KIND_FUNCTION))
        ok = start_method(vm, run, m, args, nargs);
    else if (ok)
        ok = start_any(vm, run, fn.bits, args, nargs);
    return made(vm, run, ok);
}

cove_run *cove_run_source(cove_vm *host, const char *source, const char *filename, cove_value module) {
    ENTER(host);
    CHECK_POINTER(source);
    Value dict = api_module_dict(vm, module);
    Value code = dict == 0 ? 0 : api_compile(vm, source, strlen(source), filename, "exec");
    cove_run *run = code == 0 ? NULL : run_alloc(vm);
    if (run != NULL) {
        uint32_t depth = vm->thread->depth;
        swap_stacks(run);
        run->frame = run->base = code_push(vm, code, dict, dict);
        swap_stacks(run);
        run->depth = vm->thread->depth - depth;
        vm->thread->depth = depth;
    }
    decref(vm, code);
    return made(vm, run, run != NULL && run->frame != NULL);
}

/* --- going on ----------------------------------------------------------------------------------------------------
 */

/* Raises exc (consumed) where the run's generator is suspended. */
static Value enter_throwing(VM *vm, cove_run *run, Value exc) {
    Thread *t = vm->thread;
    Generator *g = as_generator(run->generator);
    Value v = VALUE_ERROR;
    Frame *f = generator_resume_throwing(vm, t, g, &exc);
    if (f != NULL) {
        f->ret = RET_EXIT;
        f->previous = t->frame;
        return eval_run(vm, f, EVAL_THROW);
    }
    t->exit_status = exc == 0 ? SEND_ERROR : generator_throw(vm, g, exc, &v);
    return t->exit_status == SEND_ERROR ? VALUE_ERROR : v;
}

/* Enters the interpreter; exc (consumed, or 0) is raised where the run stands. */
static Value enter(VM *vm, cove_run *run, Value sent, Value exc) {
    Thread *t = vm->thread;
    Frame *f = run->frame;
    if (f == NULL && exc != 0)
        return enter_throwing(vm, run, exc);
    if (f == NULL) {
        Generator *g = as_generator(run->generator);
        if (g->frame.state == FRAME_FINISHED) {
            t->exit_status = generator_send(vm, g, sent, &sent);
            return sent;
        }
        f = run->base = generator_resume(vm, t, g, sent);
        if (f == NULL) {
            t->exit_status = SEND_ERROR;
            return VALUE_ERROR;
        }
        f->ret = RET_EXIT;
    }
    run->base->previous = t->frame;
    if (exc != 0) {
        if (!code_ready(vm, f->code))
            error_clear(vm);
        else if (f->pc == code_stub)
            f->pc = f->code->instrs;
        raise_steal(vm, exc);
        f->pc++; /* a frame that raises stands behind its instruction */
    }
    int how = exc != 0 ? EVAL_THROW : run->begun && run->frame != NULL ? EVAL_GO_ON : EVAL_START;
    run->begun = true;
    return eval_run(vm, f, how);
}

/* The frame of a paused run that was entered first. A generator's run may have another one than when it went on: the
 * delegate that it went on in has ended, or has one of its own. */
static Frame *outermost(Frame *f) {
    while (f->ret != RET_EXIT)
        f = f->previous;
    return f;
}

/* One stretch: the thread's stack, handled exceptions and depth are the run's meanwhile. */
static Value stretch(VM *vm, cove_run *run, Value sent, Value exc, int *status) {
    Thread *t = vm->thread;
    Frame *outer = t->frame;
    HandledItem *handled = t->handled;
    uint32_t depth = t->depth;
    swap_stacks(run);
    run->base_handled.previous = handled;
    t->handled = run->handled;
    t->depth += run->depth;
    Value v = enter(vm, run, sent, exc);
    *status = t->exit_status;
    run->frame = *status == SEND_PAUSED ? t->frame : NULL;
    if (run->frame != NULL && run->generator != 0)
        run->base = outermost(run->frame);
    run->handled = *status == SEND_PAUSED ? t->handled : &run->base_handled;
    run->depth = *status == SEND_PAUSED ? t->depth - depth : 0;
    if (*status != SEND_PAUSED)
        set_owned(vm, &run->base_handled.exception, 0);
    t->depth = depth;
    t->handled = handled;
    t->frame = outer;
    swap_stacks(run);
    return v;
}

static enum cove_run_state over(VM *vm, cove_run *run, cove_value *out, Value v, bool failed) {
    run->state = RUN_OVER;
    set_owned(vm, &run->generator, 0);
    cove_value given = give(vm, failed ? 0 : v);
    if (out != NULL)
        *out = given;
    return given.bits == 0 ? COVE_RUN_FAILED : COVE_RUN_FINISHED;
}

static enum cove_run_state go_on(cove_run *run, const cove_budget *budget, Value sent, Value exc, cove_value *out) {
    VM *vm = run->vm;
    Budget limits = {.recalled_ns = run->recalled_ns};
    int status;
    Value v = 0;
    if (!native_enter(vm, "")) {
        decref(vm, exc);
        api_fail(vm);
        return COVE_RUN_FAILED;
    }
    uint64_t before = vm->limits->steps;
    run->state = RUN_GOING;
    if (budget != NULL) /* the first step is the entry itself */
        limits_begin(vm, &limits, budget->steps == 0 ? 0 : budget->steps + 1, budget->microseconds,
                     budget->hard_microseconds);
    do { /* a call that has made a generator is gone on with as that */
        if (v != 0) {
            run->generator = v;
            sent = VALUE_NONE;
        }
        v = stretch(vm, run, sent, exc, &status);
        exc = 0;
    } while (status == SEND_RETURN && run->generator == 0 && is_driven(vm, v));
    if (budget != NULL) {
        limits_end(vm, &limits);
        run->recalled_ns = limits.recalled_ns;
    }
    native_leave(vm);
    run->steps += vm->limits->steps - before;
    if (status == SEND_RETURN || status == SEND_ERROR)
        return over(vm, run, out, v, status == SEND_ERROR);
    run->state = status == SEND_PAUSED ? RUN_PAUSED : RUN_WAITING;
    if (status == SEND_PAUSED)
        return COVE_RUN_PAUSED;
    cove_value given = give(vm, v);
    if (out != NULL)
        *out = given;
    return given.bits == 0 ? COVE_RUN_FAILED : COVE_RUN_WAITING;
}

static enum cove_run_state proceed(cove_run *run, const cove_budget *budget, Value sent, Value exc, cove_value *out) {
    enum cove_run_state state = go_on(run, budget, sent, exc, out);
    if (run->freed)
        cove_run_free(run);
    return state;
}

static bool may_go_on(VM *vm, const cove_run *run) {
    if (run->state == RUN_OVER)
        return given_ok(vm, raise_runtime(vm, "the run is over"));
    return run->state != RUN_GOING || given_ok(vm, raise_value(vm, "the run is already going on"));
}

enum cove_run_state cove_run_resume(cove_run *run, const cove_budget *budget, cove_value sent, cove_value *out) {
    CHECK_POINTER(run);
    ENTER(host_vm(run->vm));
    if (out != NULL)
        *out = cove_absent();
    if (!may_go_on(vm, run))
        return COVE_RUN_FAILED;
    return proceed(run, budget, run->state == RUN_WAITING && sent.bits != 0 ? sent.bits : VALUE_NONE, 0, out);
}

enum cove_run_state cove_run_throw(cove_run *run, const cove_budget *budget, cove_value exception, cove_value *out) {
    CHECK_POINTER(run);
    ENTER(host_vm(run->vm));
    if (out != NULL)
        *out = cove_absent();
    NEED_OR(exception, COVE_RUN_FAILED);
    if (!may_go_on(vm, run))
        return COVE_RUN_FAILED;
    Value args[3] = {exception.bits, 0, 0}, exc = generator_throw_exception(vm, args);
    if (exc == 0) {
        api_fail(vm);
        return COVE_RUN_FAILED;
    }
    return proceed(run, budget, VALUE_NONE, exc, out);
}

uint64_t cove_run_steps(const cove_run *run) { return run->steps; }
bool cove_run_done(const cove_run *run) { return run->state == RUN_OVER; }

void cove_run_free(cove_run *run) {
    if (run == NULL)
        return;
    ENTER(host_vm(run->vm));
    if (run->state == RUN_GOING) {
        run->freed = true;
        return;
    }
    if (run->frame != NULL) { /* its frames are left one by one, without a look at their handlers */
        Value failure = vm->thread->failure;
        bool stopping = vm->stopping;
        int status;
        vm->thread->failure = 0;
        vm->stopping = true;
        run->state = RUN_GOING; /* its frames end one by one: nobody else must look at them, or go on with it */
        Value exc = exception_new_simple(vm, vm->exc.GeneratorExit, 0);
        if (exc == 0)
            exc = error_take(vm);
        decref(vm, stretch(vm, run, VALUE_NONE, exc, &status));
        error_clear(vm);
        vm->stopping = stopping;
        vm->thread->failure = failure;
    }
    run_release(run);
}
