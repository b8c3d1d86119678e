/* The native heart of asyncio: what its files know of each other.
 *
 *   future.c future_await.c  Future: state and callbacks; being awaited
 *   gather.c                 the future of gather()
 *   task.c task_step.c       Task; one step of a task resumes the innermost frame of its coroutine
 *   handle.c                 Handle and TimerHandle
 *   ready.c timers.c         the queue of what runs next, the heap of what runs later
 *   deferred.c               entries for which the queue had no memory
 *   poller*.c                readiness of descriptors
 *   loop*.c                  the loop: scheduling, the turn, descriptors, running
 *   transport*.c             byte streams over sockets
 *   running.c                which loop and which task is running; all tasks
 *
 * Entries. What is to be run is in most cases a step of a task, so the ready queue holds tagged words and not only
 * Handles: a Task to start or go on, a Task to wake, a Future whose time of sleep is over. Nothing but the queue sees
 * them; where a script could (a loop with its own call_soon, debug mode), Handles are made instead.
 *
 * Futures are small because programs have millions: callbacks are one word until there is more than a waiting task,
 * and the result's word holds the cancel message while there is no result. */
#ifndef COVE_STDLIB_ASYNCIO_H
#define COVE_STDLIB_ASYNCIO_H

#include "object/containers.h"
#include "object/type.h"
#include "stdlib/asyncio/poller.h"
#include "stdlib/contextvars.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

/* ---- futures and tasks ----------------------------------------------------------------------------------------- */

typedef enum FutureState { FUTURE_PENDING, FUTURE_CANCELLED, FUTURE_FINISHED } FutureState;

enum FutureFlags {
    FUTURE_BLOCKING = 1, /* _asyncio_future_blocking: yielded by an await and not by a bare yield */
    FUTURE_LOG = 2,      /* finished with an exception that nobody has asked for */
    FUTURE_FAILED = 4, /* finished; result is the pair (exception, traceback it had) or, without memory, the former */
    FUTURE_TIMED = 8,  /* its timer is in the loop's heap */
    TASK_MUST_CANCEL = 16,
    TASK_HUSH = 32,   /* say nothing when destroyed pending: _log_destroy_pending is false */
    TASK_LISTED = 64, /* not done, and one of all_tasks() */
};

/* Several waiters of a future, in order; behind Future.waiters with its lowest bit set. A task that awaits the
 * future, or a gathering future, stands there itself, with the context VALUE_NONE. */
typedef struct FutureCallback {
    Value fn, context;
} FutureCallback;
typedef struct FutureCallbacks {
    uint32_t count, cap;
    FutureCallback items[];
} FutureCallbacks;

typedef struct Future {
    Object header;
    Value loop;    /* 0 until initialised */
    Value waiters; /* 0, a Task that awaits it or a gather() that it is part of, or FutureCallbacks * + 1 */
    Value result;  /* pending: cancel message or 0; cancelled: message, the CancelledError raised, or 0 */
    uint8_t state; /* FutureState */
    uint8_t flags;
    uint16_t deferred; /* bit for each ReadyTag that it could not be queued with (deferred.c) */
    uint32_t cancels;  /* of a task: cancel() calls not undone by uncancel() */
} Future;

typedef struct Task {
    Future future;
    Value coro;    /* 0 until initialised */
    Value context; /* Context, snapshot or 0 (contextvars.h) */
    Value waiting; /* what it awaits (_fut_waiter), or 0 */
    Value name;    /* str, or the number of a name not yet made */
} Task;

/* ---- handles --------------------------------------------------------------------------------------------------- */

typedef struct Handle {
    Object header;
    Value loop, callback, context;
    Value args;             /* tuple, or the argument itself when `single`, or 0 */
    Value source_traceback; /* debug mode, else 0 */
    Value text;             /* repr of a cancelled handle in debug mode, or 0 */
    Value when;             /* of a TimerHandle: a number, as it was given */
    bool cancelled, single, scheduled;
} Handle;

/* ---- the ready queue (ready.c) --------------------------------------------------------------------------------- */

/* READY_CALLBACKS: a future that is done and whose callbacks are still to be called. READY_CHILD: a gathering future,
 * one of whose children is done. */
enum ReadyTag { READY_HANDLE, READY_STEP, READY_WAKEUP, READY_SLEPT, READY_CALLBACKS, READY_CHILD, READY_TAGS = 7 };

typedef struct ReadyChunk ReadyChunk;
typedef struct ReadyQueue {
    ReadyChunk *first, *last, *spare;
    uint32_t head, tail; /* next to take in first, next to fill in last */
    size_t len;
} ReadyQueue;

/* Makes sure of the memory for one more entry. */
bool ready_reserve(VM *vm, ReadyQueue *q) MUST_CHECK;
/* Consumes the reference to the object, on failure too. */
bool ready_push(VM *vm, ReadyQueue *q, Value object, enum ReadyTag tag) MUST_CHECK;
void ready_put(ReadyQueue *q, Value object, enum ReadyTag tag); /* after ready_reserve */
Value ready_pop(VM *vm, ReadyQueue *q, enum ReadyTag *tag);     /* owned; the queue is not empty */
void ready_clear(VM *vm, ReadyQueue *q);
void ready_traverse(ReadyQueue *q, VisitFn visit, void *arg);
Value ready_item(ReadyQueue *q, size_t i, enum ReadyTag *tag); /* borrowed */

/* ---- timers (timers.c) ----------------------------------------------------------------------------------------- */

typedef struct Timer {
    double when;
    Value what; /* owned: TimerHandle, or a Future to be given its result */
} Timer;
typedef struct TimerHeap {
    Timer *items;
    size_t len, cap, cancelled;
} TimerHeap;

bool timers_push(VM *vm, TimerHeap *h, double when, Value what) MUST_CHECK; /* consumes what, on failure too */
Value timers_pop(VM *vm, TimerHeap *h);                                     /* owned */
bool timer_is_cancelled(Value what);
/* Drops cancelled timers: those in front, or all where they are more than half of many. */
void timers_prune(VM *vm, TimerHeap *h);
void timers_clear(VM *vm, TimerHeap *h);
void timers_traverse(TimerHeap *h, VisitFn visit, void *arg);

/* ---- overridden methods (overrides.c) -------------------------------------------------------------------------- */

/* What was found about the methods of an object, and the shape for which that is true. */
typedef struct Overrides {
    Shape *shape;
    uint32_t shape_id;
    uint8_t natives; /* a bit for each of the names whose method is that of the native class */
} Overrides;

/* Looks again; names: ended by NULL. Returns natives. */
uint8_t overrides_look(VM *vm, Overrides *o, Object *object, Type *base, const char *const *names);
static ALWAYS_INLINE bool overrides_known(const Overrides *o, const Object *object) {
    return likely(o->shape == object->shape && o->shape_id == object->shape->id);
}

/* ---- loops ----------------------------------------------------------------------------------------------------- */

/* Handles of a descriptor; its table in the loop is indexed by descriptor. */
typedef struct Watch {
    Value reader, writer; /* Handle or 0 */
    Value transport;      /* the transport that the descriptor belongs to, borrowed, or 0 */
} Watch;

typedef struct Loop {
    Object header;
    ReadyQueue ready;
    TimerHeap timers;
    Poller poller;
    Watch *watches;
    size_t nwatches;  /* size of the table */
    size_t nwatched;  /* descriptors in use */
    size_t ntasks;    /* that have TASK_LISTED */
    size_t ndeferred; /* bits in `deferred` of its futures and tasks */
    Value selector;   /* a selectors object to be used instead of the poller, or 0 */
    Value current;    /* the running task, owned, or 0 */
    Value factory;    /* task factory or 0 */
    Value handle;     /* the Handle being run in debug mode, or 0 */
    Overrides own;    /* LOOP_* */
    bool initialised, running, stopping, closed, debug;
    bool wakeup_shown;         /* a script has asked for the pipe: signals may come through it */
    int wake_read, wake_write; /* a pipe; -1: not open */
    int host_fd;               /* of the host's messages, if the poller knows it; else -1 */
    bool host_expected;        /* tasks may wait for the host */
    uint64_t thread_id;        /* of the thread in run_forever */
    int origin_depth;          /* of coroutines, as it was before debug mode changed it; -1: not changed */
    double slow_callback, resolution;
    bool pumped;              /* by a host, turn by turn: */
    double pump_limit;        /* the longest wait of the turn, in seconds */
    Thread *stuck;            /* that polls, while only another thread can end that; else NULL */
    struct Loop *next, *prev; /* all loops of the VM */
} Loop;

enum { /* methods that are ours and not overridden */
       LOOP_CALL_SOON = 1,
       LOOP_CALL_AT = 2,
       LOOP_CREATE_TASK = 4,
       LOOP_TIME = 8,
       LOOP_RUN_ONCE = 16,
       LOOP_STOP = 32,
       LOOP_CREATE_FUTURE = 64,
};

/* ---- the state of the module in a VM --------------------------------------------------------------------------- */

typedef struct AsyncState {
    Type *future, *task, *handle, *timer_handle, *loop, *future_iter, *task_step, *transport, *queue, *gathering;
    Type *cancelled_error, *invalid_state;
    Loop *loops;
    uint64_t task_names;
    Value foreign_current; /* dict: loop of another make -> its running task; or 0 */
    Value foreign_tasks;   /* weakref.WeakSet of tasks of other makes, or 0 */
    char *scratch;         /* ASYNC_SCRATCH bytes, or NULL */
    Value nothing;         /* what QueueBase._take() and _offer() return when a task has to wait */
    Value eager_tasks;     /* set of the tasks in their eager first step, or 0 */
} AsyncState;

/* Memory for reading from sockets, before it is known how much there is. */
#define ASYNC_SCRATCH (256 * 1024)
char *async_scratch(VM *vm); /* NULL with MemoryError */

AsyncState *async_state(VM *vm); /* NULL with an exception before the module has been made and memory is short */

extern const TypeSpec future_spec, future_iter_spec, task_spec, task_step_spec, handle_spec, timer_handle_spec,
    loop_spec, socket_transport_spec, queue_spec, gathering_spec;

/* Instances of script-made subclasses share the spec of their native base. */
static ALWAYS_INLINE bool has_spec(Value v, const TypeSpec *spec) {
    return is_obj(v) && obj_type(as_obj(v))->spec == spec;
}
static ALWAYS_INLINE bool is_loop(Value v) { return has_spec(v, &loop_spec); }
static ALWAYS_INLINE bool is_task(Value v) { return has_spec(v, &task_spec); }
static ALWAYS_INLINE bool is_gathering(Value v) { return has_spec(v, &gathering_spec); }
static ALWAYS_INLINE bool is_future(Value v) { return has_spec(v, &future_spec) || is_task(v) || is_gathering(v); }
/* A future whose methods are those of the native classes. */
static ALWAYS_INLINE bool future_is_native(const AsyncState *s, Value v) {
    const Type *type = is_obj(v) ? obj_type(as_obj(v)) : NULL;
    return type && (type == s->future || type == s->task || type == s->gathering);
}
static ALWAYS_INLINE Future *as_future(Value v) { return (Future *)as_obj(v); }
static ALWAYS_INLINE Task *as_task(Value v) { return (Task *)as_obj(v); }
static ALWAYS_INLINE Handle *as_handle(Value v) { return (Handle *)as_obj(v); }
static ALWAYS_INLINE Loop *as_loop(Value v) { return (Loop *)as_obj(v); }

/* future.c */
Value future_new(VM *vm, Value loop); /* exactly Future */
bool future_setup(VM *vm, Future *f, Value loop);
bool future_check(VM *vm, Future *f);    /* RuntimeError until initialised */
Value future_result(VM *vm, Value self); /* owned result, or its exception pending */
bool future_set_result(VM *vm, Value self, Value result);
bool future_set_exception(VM *vm, Value self, Value exc);
/* The same for an exception that must not be lost: without memory, only its traceback may be. */
bool future_fail(VM *vm, Value self, Value exc);
bool future_cancel(VM *vm, Value self, Value message); /* false: was done already, or an exception is pending */
Value future_cancelled_error(VM *vm, Future *f);       /* owned CancelledError */
/* As f.add_done_callback; context: owned, VALUE_NONE for a waiting task; consumed on failure too. */
bool future_add_callback(VM *vm, Value self, Value fn, Value context) MUST_CHECK;
Value future_exception_of(Future *f);          /* borrowed: of a failed future */
bool future_run_callbacks(VM *vm, Value self); /* READY_CALLBACKS; false: to be raised by the loop */
Value future_first_callback(Value self);       /* owned; None: all were removed */
void future_finalize(VM *vm, Value self);
void future_drop(VM *vm, Object *self);
void future_clear(VM *vm, Object *self);
void future_traverse(Object *self, VisitFn visit, void *arg);
Value future_wakeup_method(VM *vm, Value task); /* what scripts see of a waiting task: its bound task_wakeup */
Value future_repr(VM *vm, Value self);
extern const MethodSpec future_methods[];
extern const GetSetSpec future_getset[];
Value async_helper(VM *vm, const char *module, const char *name); /* asyncio.MODULE.NAME, owned */
bool async_report(VM *vm, Value loop, Value *context); /* loop.call_exception_handler(context dict, consumed) */
Value async_stack(VM *vm);                             /* list of the frames now, for debug mode */

/* future_await.c */
SendStatus future_send(VM *vm, Value self, Value sent, Value *out);
Value future_iter_new(VM *vm, Value self);
#define FUTURE_AWAIT_SLOTS .iter = future_iter_new, .await = future_iter_new, .send = future_send

/* gather.c */
Value gather_new(NATIVE_ARGS);
void gather_note(Value self, Value child);            /* the child is done: a READY_CHILD entry follows */
void gather_merge(Value self);                        /* which was there already, for want of memory */
bool gather_run(VM *vm, Value self);                  /* the entry; false: exception */
Value gather_first(Value self);                       /* the child that the next entry is of; borrowed */
Value gather_callback(VM *vm, Value self);            /* what scripts see among the callbacks of a child; owned */
int gather_cancel(VM *vm, Value self, Value message); /* 1, 0, -1 */

/* task.c */
Value task_new(VM *vm, Value loop, Value coro, Value name, Value context); /* exactly Task; name, context may be 0 */
Value task_name(VM *vm, Task *t);                                          /* borrowed str */
void task_list(Task *t, bool on);                                          /* whether it counts among all_tasks() */
int future_cancel_any(VM *vm, Value future, Value message); /* future.cancel(msg=message) of any make: 1, 0, -1 */
int task_cancel_waiting(VM *vm, Task *t);                   /* cancels what it awaits, with its message: 1, 0, -1 */
/* The Context it runs in, which a handle can share with it; borrowed. */
Value task_context(VM *vm, Value self);
bool task_step_soon(VM *vm, Value task, Value exc);
Value task_cancel(VM *vm, Value self, Value message);

/* task_step.c */
Value future_loop_of(VM *vm, Value future);          /* of anything that looks like a future; owned */
bool task_step(VM *vm, Value task, Value exc);       /* exc consumed; 0: goes on with None */
bool task_wakeup(VM *vm, Value task, Value awaited); /* goes on with the outcome of what it awaited */
bool task_eager_start(VM *vm, Value task);
Value task_step_new(VM *vm, Value task, Value exc);

/* running.c */
/* A context= argument, perhaps 0 or None: replaced by an owned Context or snapshot. */
bool context_argument(VM *vm, Value *context);
bool running_enter(VM *vm, Value loop, Value task);
bool running_leave(VM *vm, Value loop, Value task);
Value running_task(VM *vm, Value loop);             /* borrowed, 0: none (or, pending, an exception) */
Value running_swap(VM *vm, Value loop, Value task); /* owned previous task or None; task may be None */
bool running_set_eager(VM *vm, Value task, bool on);
Value running_loop(VM *vm);                /* borrowed, 0: none */
bool running_set_loop(VM *vm, Value loop); /* 0 or None: none */
Value running_loop_or_default(VM *vm);     /* get_event_loop(); owned */
extern const MethodSpec running_functions[];

/* handle.c */
/* context: consumed, on failure too. */
Value handle_new(VM *vm, Type *type, Value loop, Value callback, Value *args, size_t nargs, Value context);
/* Calls it in its context; what it raises goes to the loop's exception handler. False: to be raised by the loop. */
bool handle_run(VM *vm, Value handle);
bool handle_cancel(VM *vm, Value handle);
bool handle_report(VM *vm, Value handle); /* the pending exception came out of that handle; as handle_run */

/* loop.c */
uint8_t loop_natives(VM *vm, Loop *loop); /* which methods are not overridden */
bool loop_check_closed(VM *vm, Loop *loop);
double loop_clock(void);
/* loop.call_soon(callback, *args, context=context): the handle, owned. context consumed (snapshot, Context or 0). */
Value loop_call_soon(VM *vm, Value loop, Value callback, Value *args, size_t nargs, Value context);
/* A tagged entry; only for native loops without call_soon of their own and not in debug mode. Consumes object. */
static ALWAYS_INLINE bool loop_is_plain(VM *vm, Value loop) {
    return is_loop(loop) && !as_loop(loop)->debug && !as_loop(loop)->closed &&
           (loop_natives(vm, as_loop(loop)) & LOOP_CALL_SOON);
}
Value loop_sleep(VM *vm, Value loop, double delay, Value result); /* future that finishes then; owned */

/* What a Handle for an entry of the ready queue would be; owned. */
Value loop_entry_handle(VM *vm, Value self, Value object, enum ReadyTag tag);
#define LOOP_METHOD(name, function, signature, doc) Value function(NATIVE_ARGS);
#include "stdlib/asyncio/loop_methods.def"
#undef LOOP_METHOD

/* deferred.c */
/* As ready_push for a Task or Future of the loop, but whatever happens it will be run. Consumes the reference. */
void loop_queue(VM *vm, Loop *loop, Value object, enum ReadyTag tag);
bool loop_run_deferred(VM *vm, Value self);  /* at the start of a turn; false: to be raised by the loop */
void loop_drop_deferred(VM *vm, Loop *loop); /* when the loop is closed */

/* loop_run.c */
bool loop_run_once(VM *vm, Value self);
bool loop_run_entry(VM *vm, Value self, Value object, enum ReadyTag tag); /* object: borrowed */
bool loop_wake(VM *vm, Loop *loop);                                       /* from any thread: makes a poll return */

/* loop_io.c */
bool loop_io_open(VM *vm, Loop *loop);
void loop_io_close(VM *vm, Loop *loop);
void loop_close_descriptors(VM *vm, Loop *loop);
bool loop_process(VM *vm, Value self, int fd, unsigned events);
Watch *loop_watch_of(VM *vm, Loop *loop, int fd);                      /* NULL with MemoryError */
bool loop_watch(VM *vm, Value loop, int fd, bool write, Value handle); /* consumes handle */
int loop_unwatch(VM *vm, Value loop, int fd, bool write);              /* 1 was watched, 0 not, -1 error */

#endif
