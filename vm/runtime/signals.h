/* Signals of the operating system, as scripts see them.
 *
 * A C handler may do next to nothing: it notes the signal in the VM that asked for it, and the VM's main thread calls
 * the script's handler at its next safe point. Which VM that is stands in one table of the process, since a signal
 * belongs to the process: the only state that VMs share. It has one atomic pointer a signal, is never locked, and
 * the VM that last installed a handler for a signal is the one that gets it.
 */
#ifndef COVE_RUNTIME_SIGNALS_H
#define COVE_RUNTIME_SIGNALS_H

#include "runtime/vm.h"

#define SIGNALS_MAX 65 /* one more than the largest number */

/* A VM's own part; vm->signals, made on first use. */
typedef struct SignalState {
    uint64_t pending; /* bit n - 1: signal n came and its handler has not run; atomic */
    int wakeup_fd;    /* gets a byte for every signal, -1: none; atomic */
    int wakeup_error; /* errno of a write to wakeup_fd that failed, 0: none; atomic */
    bool warn_full;   /* report also that wakeup_fd's buffer was full; atomic */
    /* What getsignal() gives: a callable, SIG_DFL or SIG_IGN as integers, None for a handler that is not a script's;
     * 0 where nobody has looked yet; Ellipsis: KeyboardInterrupt, before the module signal exists. Owned. */
    Value handlers[SIGNALS_MAX];
} SignalState;

SignalState *signals_state(VM *vm); /* NULL with MemoryError */
/* Has signal n delivered to this VM from now on; 0, or -1 with errno. */
int signals_route(VM *vm, int number);
/* Gives a signal back to the system: action is SIG_DFL or SIG_IGN. */
int signals_unroute(int number, void (*action)(int));
/* An interrupt from the keyboard becomes KeyboardInterrupt, unless it is ignored. */
bool signals_catch_interrupt(VM *vm);
/* Calls the handlers of the signals that came, lowest number first; false with an exception. Other threads than the
 * main one leave them alone. */
bool signals_run(VM *vm);
/* As if the signal had come to this VM: its script handler will run; without one, nothing happens. */
void signals_simulate(VM *vm, int number);
void signals_forget_pending(VM *vm); /* in the child of a fork */
void signals_finish(VM *vm);         /* the system's default for every signal of this VM */

#endif
