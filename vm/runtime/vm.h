/* The VM: all state of one interpreter, and the thread states in it. There is nothing global beside it. */
#ifndef COVE_RUNTIME_VM_H
#define COVE_RUNTIME_VM_H

#include <pthread.h>

#include "base/config.h"
#include "mem/alloc.h"
#include "mem/gc.h"
#include "object/dict.h"
#include "object/exception.h"
#include "object/float.h"
#include "object/int.h"
#include "object/list.h"
#include "object/misc.h"
#include "object/object.h"
#include "object/str.h"
#include "runtime/errors.h"
#include "runtime/protocol.h"

typedef struct Types {
#define TYPE(field, base, spec) Type *field;
#include "object/types.def"
#undef TYPE
} Types;

typedef struct ExceptionTypes {
#define EXCEPTION(name, base, ...) Type *name;
#include "object/exceptions.def"
#undef EXCEPTION
} ExceptionTypes;

/* Interned identifiers: vm->names.n_append, or NAME(append) where a variable `vm` is in scope. */
typedef struct Names {
#define NAME_ROW(id) Value n_##id;
#include "object/names.def"
#undef NAME_ROW
} Names;
#define NAME(id) (vm->names.n_##id)

/* The chain of handled exceptions: one item per thread and one per generator, linked while it runs. */
typedef struct HandledItem {
    Value exception; /* owned; 0: none */
    struct HandledItem *previous;
} HandledItem;

struct Frame;
struct FrameChunk;

struct Thread {
    VM *vm;
    Value exception;      /* pending, owned; 0: none */
    HandledItem *handled; /* top of the chain */
    HandledItem base_handled;
    struct Frame *frame; /* running frame; NULL outside scripts */
    struct FrameChunk *chunk;
    char *frame_top, *frame_end; /* free part of the current chunk */
    int exit_status;             /* SendStatus with which the interpreter was last left */
    uint32_t depth;              /* script and native calls nested now */
    uint32_t native_depth;
    char *stack_limit; /* native code must not go below this C address */
    uint32_t dealloc_depth;
    Value repr_active;                      /* list of objects whose repr is being made, or 0 */
    Value async_firstiter, async_finalizer; /* sys.set_asyncgen_hooks */
    int coroutine_origin_depth;
    Value asyncgen_finalizers; /* dict: address of an async generator -> its finalizer hook, or 0 */
    Value coroutine_origins;   /* dict: address of a coroutine -> where it was made, or 0 */
    Value context;             /* contextvars: current context or 0 */
    Value running_loop;        /* asyncio: the event loop that runs in this thread, or 0 */
    uint64_t id;
    Thread *next;
    Value trace, profile;        /* sys.settrace, sys.setprofile, 0: none */
    uint32_t hooks_running;      /* calls of these two that have not returned */
    bool tracing;                /* one of them is set and none is running */
    struct ThreadSync *sync;     /* how it is woken: runtime/lock.c */
    uint32_t interrupts;         /* atomic: bits for this thread alone; they become the VM's when it takes the lock */
    struct ParkQueue *parked_in; /* what it waits for, of all that threads of a program wait for: runtime/park.h */
    bool parked_forever;
    struct ImportLock *importing; /* the module it waits for, that another thread imports: stdlib/import/lock.c */
    uint64_t os_ident, native_id; /* the pthread_t, and the kernel's number */
    Value locals;                 /* dict: threading.local object -> its attributes in this thread, or 0 */
    /* of the host's calls (vm/api): values that live until their scope ends, owned; and its last failure, or 0 */
    Value *handles;
    size_t handle_count, handle_room;
    Value failure;
    uint32_t entered; /* cove_enter() calls that are not left yet */
};

/* Bits of vm->interrupts: why the interpreter should leave its fast path at the next safe point. */
enum {
    INTERRUPT_GC = 1,
    INTERRUPT_SIGNAL = 2,
    INTERRUPT_SWITCH = 4,
    INTERRUPT_PENDING = 8,   /* calls posted by other threads or native code */
    INTERRUPT_LIMIT = 16,    /* steps and time are watched, or the host has something to say: runtime/limits.h */
    INTERRUPT_REPLACED = 32, /* frames keep values for their instructions: stays set (frame_drop_replaced) */
    INTERRUPT_TRACE = 64,    /* the running thread is traced: stays set */
    INTERRUPT_FREE = 128,    /* dead objects wait to be freed: mem/alloc.c */
};

/* What the command line says, as sys.flags shows it; nothing of it changes afterwards but by scripts that start a
 * prompt. */
typedef struct VmFlags {
    uint8_t optimize, verbose, bytes_warning; /* how often -O, -v and -b were given */
    bool interactive, inspect, quiet, unbuffered, debug, dev_mode, dont_write_bytecode;
    bool isolated, safe_path, ignore_environment, no_site, no_user_site;
} VmFlags;

#define SLAB_CLASSES 33

struct VM {
    Thread *thread; /* that holds the lock */
    struct VmLock *lock;
    uint64_t owner_ident; /* os_ident of `thread`, 0: none; any thread may ask whether it is its own */
    uint32_t interrupts;  /* atomic: set by any thread, also by handlers of signals */
    Types types;
    ExceptionTypes exc;
    Names names;
    Value empty_str, empty_tuple, empty_bytes; /* shared */
    Value latin1[256];                         /* one-character strings, made on demand */
    Value intern_table;                        /* dict-like table of interned strings, see str.c */
    struct InternTable *interned;
    GcState gc;

    /* memory */
    void *(*allocator)(void *user, void *p, size_t old_size, size_t new_size);
    void *allocator_user;
    size_t mem_used, mem_peak, mem_limit; /* limit 0: none */
    uint64_t fail_after;                  /* test mode: the n-th allocation from now fails; 0: off */
    bool fail_once;
    size_t replaced_frames; /* how many have FrameObject.replaced */
    bool lookup_failed;     /* a class had no memory to fill its dict: what is missing may exist */
    void *slab_free_list[SLAB_CLASSES];
    char *slab_top[SLAB_CLASSES], *slab_end[SLAB_CLASSES];
    size_t slab_bytes[SLAB_CLASSES]; /* of its pages */
    struct SlabPage *slab_pages;
    char *rest_top, *rest_end; /* room of a page that no slab has yet */
    struct LargeBlock *large_blocks;
    Object *free_worklist;  /* dead objects at the ends of deep chains: mem/alloc.c */
    uint32_t dealloc_nests; /* object_free() looks closer from this depth on: 0 while ... */
    bool frees_counted;     /* a run has to keep to a time: no more than so many objects end at once */
    uint32_t frees_left;    /* then: until the next safe point */
    Value memory_error;     /* preallocated MemoryError */
    bool raising_memory;    /* raise_memory() tries to get memory for an instance */

    /* counters behind inline caches */
    uint32_t next_dict_version, next_type_version, next_shape_id;

    struct SlotIndex *slot_index;    /* special names to rows of slots.def (type_slots.c), or NULL */
    struct SharedAttr *shared_attrs; /* attribute cache of polymorphic sites (shape.h), or NULL */

    /* weak references: open hash table, object -> chain of refs (weakref.c) */
    struct WeakTable *weakrefs;

    struct MethodCache *method_cache; /* attributes found on classes, see type.c; made on first use */

    /* limits */
    uint32_t recursion_limit, recursion_most; /* most: that scripts may set; 0: any */
    uint64_t hash_secret[2];
    uint32_t int_max_str_digits;

    /* modules */
    Value modules;  /* sys.modules */
    Value builtins; /* dict of the builtins module */
    Value builtins_module, sys_module;
    Value sys_dict;
    Value codec_errors; /* dict: name -> handler, of codecs.register_error; 0 until there is one */
    Value codec_search; /* list of the search functions of codecs.register; 0 until the first is needed */
    Value codec_cache;  /* dict: normal name -> CodecInfo that was found */
    void *charsets;     /* converters of East Asian character sets that have been opened (codec_charset.c) */
    Value warn_state;   /* native side of the warnings module, or 0 */
    uint32_t filters_version;

    /* The VM does not name the compiler: stdlib/init.c sets these. */
    Value (*compile)(VM *vm, Value source, Value filename, const char *mode, int flags, int optimize);
    Value (*import_name)(VM *vm, Value name, Value globals, Value fromlist, int level);
    Value (*import_from)(VM *vm, Value module, Value name);
    bool (*import_star)(VM *vm, Value module, Value namespace_dict);
    struct ImportLock *import_locks; /* modules that are being imported, and by whom */
    NativeFn import_function; /* of the built-in __import__(): when it is the one in force, import_name is called */
    VmFlags flags;
    bool finalizing;
    bool threads_stopped; /* the program ends: only the main thread gets the lock from here on */
    bool hash_randomized, hash_fixed;
    Thread main_thread;
    Thread *main; /* runs the handlers of signals: main_thread, or after a fork the thread that called it */
    Thread *threads;
    struct Limits *limits;                                /* of a host: steps and time, runtime/limits.h; or NULL */
    volatile bool stopping;                               /* the host stops the scripts: no handler of theirs runs */
    void (*visit_host)(VM *vm, VisitFn visit, void *arg); /* visits what its host holds, or NULL: runtime/roots.c */
    struct HostState *host; /* what the embedding API knows of its host (vm/api/api.h), or NULL */
    const Native *called; /* the native function that was called last: for those that serve many (vm/api/native.c) */
    uint8_t host_streams; /* bits 0 to 2: the host makes this standard stream */
    bool hosted;          /* the process, with what signals do to it, is a host's */
    uint32_t grants;      /* GRANT_* of stdlib/grants.h: what scripts may reach */
    Value roots;          /* list of the values kept by native code: see vm_keep */
    /* Every thread waits for another one; called in the last to do so. False: it is to stop waiting, with the pending
     * exception. NULL: they wait. See runtime/park.h */
    bool (*on_deadlock)(VM *vm);
    bool telling_deadlock;
    bool (*wants_color)(VM *vm);        /* are reports on the standard error to be in colour? NULL: no */
    uint32_t thread_count, stuck_count; /* threads alive, and of these those that only another thread can wake */
    Value module_types;                 /* dict: spec address -> type, for native module types made on demand */
    uint64_t next_thread_id;
    uint32_t switch_interval_us;
    Value source_texts; /* dict: file name -> str, of sources that are in no file (<stdin>, <string>), or 0 */
    struct SignalState *signals; /* runtime/signals.h, made on first use */
    void (*on_pending)(VM *vm);  /* INTERRUPT_PENDING: runs the calls that other threads have posted; or NULL */
    struct StructSeqTypes *structseqs;
    struct EndCall *end_calls; /* vm_at_end */
    void *module_state[64];    /* native modules: slot number from stdlib/modules.def */
};

static ALWAYS_INLINE bool vm_interrupted(const VM *vm) {
    return __atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED) != 0;
}

static ALWAYS_INLINE bool error_pending(VM *vm) { return vm->thread->exception != 0; }

/* Guards native recursion: raises RecursionError near the end of the C stack or past the recursion limit. */
bool limits_tick(VM *vm); /* runtime/limits.h */
static inline bool MUST_CHECK native_enter(VM *vm, const char *where) {
    Thread *t = vm->thread;
    char here;
    if (unlikely(&here < t->stack_limit || t->native_depth >= NATIVE_DEPTH_MAX || t->depth > vm->recursion_limit)) {
        raise_recursion(vm, where);
        return false;
    }
    if (unlikely(__atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED) & INTERRUPT_LIMIT) && !limits_tick(vm))
        return false;
    t->native_depth++;
    return true;
}
static inline void native_leave(VM *vm) { vm->thread->native_depth--; }

#define VM_HASH_SEED_ZERO ((uint64_t)1 << 32) /* what PYTHONHASHSEED=0 means */
/* What has to be known before the first allocation. All zero: the C library's memory, no limit, random hashes. */
typedef struct VmSetup {
    void *(*allocator)(void *user, void *p, size_t old_size, size_t new_size);
    void *allocator_user;
    size_t mem_limit;
    uint64_t hash_seed; /* 0: random; else sys.flags has hash_randomization for all but the next */
} VmSetup;
VM *vm_create(const VmSetup *setup); /* bare VM with all built-in types; setup may be NULL; NULL: no memory */
void vm_destroy(VM *vm);
/* The native type of a module, made once per VM on first use; borrowed. NULL with an exception on failure. */
Type *vm_type(VM *vm, const TypeSpec *spec, Type *base);
/* Keeps a value alive as long as the VM; returns it (borrowed). Consumes v. */
Value vm_keep(VM *vm, Value v);
/* Has `fn` called at the end of the VM, when scripts no longer run and the memory is still there: for what libraries
 * hold outside of it. The last one comes first. */
bool vm_at_end(VM *vm, void (*fn)(VM *vm, void *arg), void *arg) MUST_CHECK;
/* A safe point: runs what vm->interrupts asks for; false with an exception. The second one is the interpreter's,
 * which may then leave the running frames as they are (limits_pause). */
bool vm_safepoint(VM *vm);
bool vm_safepoint_of_frames(VM *vm);

#endif
