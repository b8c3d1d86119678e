/* Locks of the import system: one for each module that is being imported, made when its import begins and gone when
 * nobody wants it any more. Another thread that imports the same module waits for the first one to be done with it.
 *
 * Modules that import each other in two threads would wait for each other for ever. So a thread that is about to wait
 * follows the chain: who has the lock, what that thread waits for, who has that. If the chain comes back to the
 * thread itself, it does not wait but goes on with the unfinished module, as it would with a circular import of its
 * own. */
#include "stdlib/import/importer.h"
#include "stdlib/thread/thread.h"

struct ImportLock {
    Value name;    /* owned */
    Thread *owner; /* NULL: free, and wanted by those in the queue */
    uint32_t depth, wanted;
    ParkQueue waiting;
    struct ImportLock *next;
};

static struct ImportLock *find_lock(VM *vm, Value name) {
    struct ImportLock *l = vm->import_locks;
    while (l != NULL && l->name != name && !str_equal(as_str(l->name), as_str(name)))
        l = l->next;
    return l;
}

static void drop_unused(VM *vm, struct ImportLock *l) {
    if (l->owner != NULL || l->wanted != 0)
        return;
    struct ImportLock **link = &vm->import_locks;
    while (*link != l)
        link = &(*link)->next;
    *link = l->next;
    decref(vm, l->name);
    mem_free(vm, l, sizeof *l);
}

/* The end of the program has stopped all other threads: what they were importing stays as it is. */
static bool owner_runs(VM *vm, const struct ImportLock *l) {
    return l->owner != NULL && !(vm->threads_stopped && l->owner != vm->main);
}

static bool would_deadlock(VM *vm, const struct ImportLock *l) {
    while (l != NULL && l->owner != NULL && l->owner != vm->thread)
        l = l->owner->importing;
    return l != NULL && l->owner == vm->thread;
}

/* Until nobody has it; the caller keeps it alive. */
static bool wait_until_free(VM *vm, struct ImportLock *l) {
    ParkResult result = PARK_WOKEN;
    l->wanted++;
    vm->thread->importing = l;
    for (bool front = false; owner_runs(vm, l) && result != PARK_ERROR; front = true)
        result = thread_wait(vm, &l->waiting, INT64_MAX, front);
    vm->thread->importing = NULL;
    l->wanted--;
    return result != PARK_ERROR;
}

bool import_lock_take(VM *vm, Value name) {
    struct ImportLock *l = find_lock(vm, name);
    if (l == NULL) {
        if ((l = mem_alloc(vm, sizeof *l)) == NULL)
            return false;
        *l = (struct ImportLock){.name = incref(name), .next = vm->import_locks};
        vm->import_locks = l;
    } else if (l->owner != vm->thread && owner_runs(vm, l)) {
        if (would_deadlock(vm, l))
            return raise_runtime(vm, "deadlock detected by _ModuleLock(%R) at %u", name, (size_t)(uintptr_t)l);
        if (!wait_until_free(vm, l)) {
            drop_unused(vm, l);
            return false;
        }
    }
    if (l->owner != vm->thread)
        l->depth = 0;
    l->owner = vm->thread;
    l->depth++;
    return true;
}

bool import_lock_release(VM *vm, Value name) {
    struct ImportLock *l = find_lock(vm, name);
    if (l == NULL || l->owner != vm->thread)
        return false;
    if (--l->depth == 0) {
        l->owner = NULL;
        unpark(vm, &l->waiting);
        drop_unused(vm, l);
    }
    return true;
}

int import_lock_wait(VM *vm, Value name) {
    struct ImportLock *l = find_lock(vm, name);
    if (l == NULL || l->owner == vm->thread || !owner_runs(vm, l) || would_deadlock(vm, l))
        return 0;
    bool ok = wait_until_free(vm, l);
    if (l->owner == NULL)
        unpark(vm, &l->waiting);
    drop_unused(vm, l);
    return ok ? 1 : -1;
}

bool import_lock_held(VM *vm, Value name) {
    struct ImportLock *l = find_lock(vm, name);
    return l != NULL && owner_runs(vm, l);
}

void import_locks_after_fork(VM *vm) {
    for (struct ImportLock *l = vm->import_locks, *next; l != NULL; l = next) {
        next = l->next;
        l->wanted = 0;
        l->waiting.first = l->waiting.last = NULL;
        if (l->owner != vm->thread)
            l->owner = NULL;
        drop_unused(vm, l);
    }
}
