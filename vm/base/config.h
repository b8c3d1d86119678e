/* Every limit and stress switch of the VM, each with its reason. */
#ifndef COVE_BASE_CONFIG_H
#define COVE_BASE_CONFIG_H

/* Script calls live on heap frames, so this is a policy, not a protection: the number CPython starts with. */
#define RECURSION_LIMIT_DEFAULT 1000
/* Native functions that call back into scripts do use the C stack; at this many bytes from its end they raise
 * RecursionError instead of overflowing. Sanitizer builds have frames several times larger. */
#define C_STACK_MARGIN (COVE_ASAN ? 1024 * 1024 : 256 * 1024)
/* On small stacks at least this much is left to native functions and the C library (a socket's buffer has 64 KiB). */
#define C_STACK_RESERVE (COVE_ASAN ? 256 * 1024 : 128 * 1024)
/* Threads of scripts get no smaller stack. */
#define C_STACK_LEAST (4 * C_STACK_RESERVE)
/* Native recursion ends at this depth at the latest, whatever the size of the C stack. */
#define NATIVE_DEPTH_MAX 30000
/* Frames of plain calls come from chunks of this many bytes, doubled as a thread recurses deeper. */
#define FRAME_CHUNK_FIRST (8 * 1024)
/* Containers made (less those freed) before the young generation is collected. */
#define GC_YOUNG_THRESHOLD 2000
#define GC_MIDDLE_THRESHOLD 10
/* While a run has to keep to a time: containers made before the young generation is collected; what the heap grows by
 * before a gradual collection begins, as a part of what it was, and in bytes or old containers at least; and what is
 * spent on one after a collection of the young, in nanoseconds. Sanitizers see many collections. */
#define GC_YOUNG_IN_TIME (COVE_ASAN ? 50 : 300)
#define GC_GROWTH_PART (COVE_ASAN ? 32 : 2)
#define GC_GROWTH_LEAST (COVE_ASAN ? 16 * 1024 : 1024 * 1024)
#define GC_PENDING_LEAST (COVE_ASAN ? 200 : 5000)
#define GC_GRADUAL_NS 10000
/* Freeing nests this deep in C before objects are put on a list and freed iteratively. */
#define DEALLOC_DEPTH_MAX 50
/* Attributes an instance may have as shape slots; beyond that its attributes move to a dict. */
#define SHAPE_SLOTS_MAX 64
/* Script code of a thread runs at most this long while another thread wants the lock, in microseconds. */
#define SWITCH_INTERVAL_US 5000

#endif
