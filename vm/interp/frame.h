/* Frames: the activation records of script code, and the functions that make them.
 *
 * A frame is a header and its registers, in one block. Plain calls take frames from a stack of chunks per thread;
 * a generator, coroutine or async generator has its frame inside its own object. Frames are linked to the one that
 * resumed or called them through `previous`; the C stack knows nothing of them.
 *
 *     Frame | local 0 .. nlocals-1 | temporaries .. nregs-1 | namespace (only code without CO_OPTIMIZED)
 *
 * `pc` of a frame that is not executing stands behind the instruction that it is at (a call, a yield), so that pc[-1]
 * is inside that instruction; of a generator that delegates, pc stands ON its SEND instruction, which is completed
 * when the delegate returns. */
#ifndef COVE_INTERP_FRAME_H
#define COVE_INTERP_FRAME_H

#include "base/config.h"
#include "code/code.h"
#include "runtime/vm.h"

typedef struct Function {
    Object header;
    Code *code;     /* owned */
    Value globals;  /* Dict */
    Value builtins; /* Dict */
    Value name, qualname, module, doc;
    Value defaults;    /* tuple or 0 */
    Value kwdefaults;  /* dict or 0 */
    Value closure;     /* tuple of cells or 0 */
    Value annotations; /* dict, tuple of pairs not yet made a dict, or 0 */
    Value type_params; /* tuple or 0 */
} Function;

static ALWAYS_INLINE Function *as_function(Value v) { return (Function *)as_obj(v); }

/* What happens to a frame's result in the frame before it. */
typedef enum ReturnKind {
    RET_STORE,       /* into register dst */
    RET_EXIT,        /* leave the C function that runs the interpreter */
    RET_INIT,        /* __init__: must be None; the instance waits in register aux of the caller and moves to dst */
    RET_FOR,         /* generator driven by FOR_ITER: yields store to dst and jump, return ends the loop */
    RET_NEXT,        /* generator driven by next(g), g.send(v): yields store to dst, return raises StopIteration;
                      the generator's reference to itself ends */
    RET_OPERATION,   /* special method that serves an instruction: operation.c says how that goes on (dst, aux: its
                        state) */
    RET_NEXT_METHOD, /* script __next__ driven by FOR_ITER: return stores and jumps, StopIteration ends the loop */
} ReturnKind;

/* Bytes that a chunk keeps free behind its last frame, for clearing registers in pairs. */
#define FRAME_SLACK 16

enum FrameState { FRAME_CREATED, FRAME_RUNNING, FRAME_SUSPENDED, FRAME_FINISHED };
enum FrameFlags {
    FRAME_OF_GENERATOR = 1,
    GEN_DELEGATING = 2 /* its SEND drives a linked generator */,
    GEN_DELEGATED = 4 /* a linked generator's SEND drives it */,
    GEN_HAS_ORIGIN = 8,
    GEN_HOOKS_INITED = 16,
    GEN_ASYNC_CLOSED = 32,
    GEN_ASYNC_RUNNING = 64,
    FRAME_FIRST_IN_CHUNK = 128
};

struct FrameObject;

typedef struct Frame {
    Code *code; /* borrowed from func */
    const Instr *pc;
    struct Frame *previous;
    Function *func;             /* owned */
    struct FrameObject *object; /* owned, NULL unless a script has seen this frame */
    uint16_t dst, aux;
    uint8_t ret; /* ReturnKind */
    uint8_t flags;
    uint8_t state; /* FrameState, of generators */
    uint8_t unused;
    Value regs[];
} Frame;

/* The frame of a call, whose result goes to a register: nothing unusual about its end. */
static ALWAYS_INLINE bool frame_is_plain(const Frame *f) {
    return ((unsigned)f->ret | f->flags) == RET_STORE && f->object == NULL;
}

/* The same of a function that native code called. */
static ALWAYS_INLINE bool frame_is_entry(const Frame *f) {
    return ((unsigned)f->ret | f->flags) == RET_EXIT && f->object == NULL && (f->code->flags & CO_OPTIMIZED);
}

static ALWAYS_INLINE Value *frame_registers(Frame *f) { return f->regs; }
static ALWAYS_INLINE Value *frame_namespace(Frame *f) { return &f->regs[f->code->nregs]; }

/* The frame as scripts see it (sys._getframe, tb_frame, gi_frame). While the frame lives, `frame` points to it; when
 * it ends, its registers move here. */
typedef struct FrameObject {
    Object header;
    Frame *frame;       /* NULL once the frame has ended */
    Code *code;         /* owned */
    Function *func;     /* owned */
    Value *saved;       /* registers of an ended frame (nlocals, + namespace) or NULL */
    Value back;         /* FrameObject of the caller, noted when the frame ended, or 0 */
    uint32_t lasti;     /* word index of the instruction, noted when the frame ended */
    Value trace;        /* f_trace */
    Value extra_locals; /* names set through f_locals that are not the code's */
    bool trace_lines, trace_opcodes;
    int32_t traced_line; /* of the last instruction that was traced, and its place */
    uint32_t traced_word;
    Value called;   /* native function that the frame calls, for sys.setprofile(), or 0 */
    Value replaced; /* list of what its registers have had until scripts wrote to f_locals, or 0 */
} FrameObject;

/* The object of a running or suspended frame; owned. */
Value frame_object(VM *vm, Frame *f);
/* Visits what the frame owns, whether it runs or not. */
void frame_visit(const Frame *f, VisitFn visit, void *arg);
/* The frame that called (or awaits) this one, for f_back and stack walks; generators that delegate included. */
Frame *frame_back(VM *vm, Frame *f);
uint32_t frame_lasti(const Frame *f);
/* The frame ends, of which back is the caller: gives its registers to its FrameObject if a script still holds one. */
void frame_detach(VM *vm, Frame *f, Frame *back);
/* The frame is between two instructions: nothing borrows what its registers had before scripts wrote to f_locals. */
COLD void frame_drop_replaced(VM *vm, Frame *f);

Value frame_globals(VM *vm);  /* of the running frame, borrowed; 0 without a frame (no exception) */
Value frame_builtins(VM *vm); /* borrowed */
Value frame_locals(VM *vm);   /* owned mapping, as locals(): a snapshot in functions, else the namespace itself */
/* What super() without arguments means in the running function: its __class__ cell and its first argument (borrowed).
 * RuntimeError where there is no such thing. */
bool frame_super_arguments(VM *vm, Value out[2]);
/* FrameLocalsProxy for f.f_locals (PEP 667): writes go through to the frame. */
Value frame_locals_mapping(VM *vm, FrameObject *fo);

/* A frame of the thread's stack for code, registers not initialised; NULL with RecursionError or MemoryError. */
Frame *frame_push_slow(VM *vm, Code *code);
static ALWAYS_INLINE Frame *frame_push(VM *vm, Thread *t, Code *code) {
    if (likely(t->frame_top + code->frame_size <= t->frame_end && t->depth < vm->recursion_limit)) {
        Frame *f = (Frame *)t->frame_top;
        t->frame_top += code->frame_size;
        t->depth++;
        f->flags = 0;
        f->code = code;
        f->object = NULL;
        f->pc = code->instrs;
        return f;
    }
    return frame_push_slow(vm, code);
}
void frame_unpush(VM *vm, Frame *f); /* gives back the newest frame, which owns nothing */
void frame_pop_chunk(VM *vm);
void frame_stack_free(VM *vm, Thread *t); /* what an empty stack still holds */

/* function.c */
Value function_new(VM *vm, Code *code, Value globals);
Value function_call(VM *vm, Value fn, Value *args, size_t nargs, Value kwnames);
/* Fills regs[0 ..) of a new frame of fn from raw arguments (borrowed; references taken). On failure nothing is kept.
 */
bool function_bind(VM *vm, Function *fn, Value *args, size_t nargs, Value kwnames, Value *regs);

/* The same without running: a new frame at its first instruction, RET_EXIT; NULL with an exception. Not for functions
 * that make generators. */
Frame *function_push(VM *vm, Value fn, Value *args, size_t nargs);
Frame *code_push(VM *vm, Value code, Value globals, Value locals);

/* Runs code as a module, class or exec does: namespace `locals` (a mapping), globals a dict. */
Value code_run(VM *vm, Value code, Value globals, Value locals);
Value code_run_closure(VM *vm, Value code, Value globals, Value locals, Value closure);

#endif
