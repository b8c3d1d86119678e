/* Memory: the one door to the host's allocator, size-class slabs for everything small, and the life of objects.
 *
 * Blocks up to SLAB_MAX bytes come from pages cut into one size class (steps of 16 bytes), the first of which are
 * parts of one large page; freed blocks go to the class's free list. Larger ones go to the allocator one by one, each
 * behind a LargeBlock header. All pages and all large blocks are linked from the VM, so that destroying a VM returns
 * every byte whatever scripts or hosts left behind.
 *
 * Block of an object, from low to high addresses:
 *
 *     [ AttrArea prefix, 16 bytes ]   only OBJ_PREFIXED: instances of subclasses of variable-size types
 *     [ GcLink, 16 bytes ]            only OBJ_GC
 *     [ Object header, struct, items or attribute slots ]
 *
 * Sizes: object_alloc notes the slab class in the header (0: large, whose size is in its LargeBlock), so that freeing
 * needs no size. Under AddressSanitizer every block is large, that is, known to the sanitizer.
 *
 * Accounting is exact in bytes handed out; mem_limit, the failure injection of tests and, for scripts that have to
 * stop, the limits of time are checked before the allocator is asked. */
#include "base/config.h"
#include "runtime/limits.h"

#include <stdlib.h>

#include "object/instance.h"
#include "runtime/lock.h"

#define SLAB_STEP 16
#define SLAB_MAX ((SLAB_CLASSES - 1) * SLAB_STEP)
#define SLAB_PAGE_STEP 1024
#define SLAB_PAGE_LAST (64 * 1024)
/* What a new VM has in slabs and permanent memory comes in one piece: two hundred small ones would take longer to
 * get, and the C library gives much of the memory at the heap's end back to the system each time it becomes free. */
#define FIRST_PAGE (176 * 1024)
#define PERMANENT_PAGE (4 * 1024)

typedef struct LargeBlock {
    struct LargeBlock *next, *prev;
    size_t size; /* of the whole block, this header included */
    size_t unused;
} LargeBlock;

typedef struct SlabPage {
    struct SlabPage *next;
    size_t size;
} SlabPage;

/* --- the door ----------------------------------------------------------------------------------------------------
 */

static bool may_allocate(VM *vm, size_t size) {
    if (unlikely(vm->fail_after != 0) && --vm->fail_after == 0) {
        if (!vm->fail_once)
            vm->fail_after = 1;
        return false;
    }
    if (unlikely(__atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED) & INTERRUPT_LIMIT) && size > 0 &&
        !limits_allocate(vm, size))
        return false;
    return vm->mem_limit == 0 || vm->mem_used + size <= vm->mem_limit;
}

static void *door_alloc(VM *vm, void *p, size_t old_size, size_t new_size) {
    if (new_size > old_size && !may_allocate(vm, new_size - old_size))
        return NULL;
    void *q = vm->allocator(vm->allocator_user, p, old_size, new_size);
    if (q == NULL)
        return NULL;
    vm->mem_used += new_size - old_size;
    if (vm->mem_used > vm->mem_peak)
        vm->mem_peak = vm->mem_used;
    return q;
}

static void door_free(VM *vm, void *p, size_t size) {
    vm->allocator(vm->allocator_user, p, size, 0);
    vm->mem_used -= size;
}

/* --- large blocks
 * --------------------------------------------------------------------------------------------------- */

static void large_link(VM *vm, LargeBlock *b) {
    b->next = vm->large_blocks;
    b->prev = NULL;
    if (b->next != NULL)
        b->next->prev = b;
    vm->large_blocks = b;
}

static void large_unlink(VM *vm, LargeBlock *b) {
    if (b->prev != NULL)
        b->prev->next = b->next;
    else
        vm->large_blocks = b->next;
    if (b->next != NULL)
        b->next->prev = b->prev;
}

static void *large_alloc(VM *vm, size_t size) {
    if (size > PTRDIFF_MAX - sizeof(LargeBlock))
        return NULL;
    LargeBlock *b = door_alloc(vm, NULL, 0, size + sizeof(LargeBlock));
    if (b == NULL)
        return NULL;
    b->size = size + sizeof(LargeBlock);
    large_link(vm, b);
    return b + 1;
}

static void large_free(VM *vm, void *p) {
    LargeBlock *b = (LargeBlock *)p - 1;
    large_unlink(vm, b);
    door_free(vm, b, b->size);
}

/* --- slabs
 * ------------------------------------------------------------------------------------------------------------ */

/* A class grows by half, so that a small VM has little unused memory; a page holds four blocks at least. */
static size_t next_page_size(const VM *vm, unsigned class) {
    size_t size = vm->slab_bytes[class] / 2, least = sizeof(SlabPage) + (size_t) class * SLAB_STEP * 4;
    size = size < least ? least : size > SLAB_PAGE_LAST ? SLAB_PAGE_LAST : size;
    return (size + SLAB_PAGE_STEP - 1) & ~(size_t)(SLAB_PAGE_STEP - 1);
}

/* All of a page's room but its header, which is some bytes less than `size`. */
static char *page_new(VM *vm, size_t size) {
    SlabPage *page = door_alloc(vm, NULL, 0, size);
    if (page == NULL)
        return NULL;
    page->next = vm->slab_pages;
    page->size = size;
    vm->slab_pages = page;
    return (char *)(page + 1);
}

static char *rest_take(VM *vm, size_t size) {
    if ((size_t)(vm->rest_end - vm->rest_top) < size)
        return NULL;
    char *room = vm->rest_top;
    vm->rest_top += size;
    return room;
}

static bool rest_new(VM *vm, size_t size) {
    char *room = page_new(vm, size);
    if (room == NULL)
        return false;
    vm->rest_top = room;
    vm->rest_end = room + size - sizeof(SlabPage);
    return true;
}

bool mem_setup(VM *vm) {
    vm->dealloc_nests = DEALLOC_DEPTH_MAX;
    return COVE_ASAN || rest_new(vm, FIRST_PAGE);
}

static NOINLINE bool slab_grow(VM *vm, unsigned class) {
    size_t size = next_page_size(vm, class) - sizeof(SlabPage);
    char *room = rest_take(vm, size);
    if (room == NULL && (room = page_new(vm, size + sizeof(SlabPage))) == NULL)
        return false;
    vm->slab_bytes[class] += size;
    vm->slab_top[class] = room;
    vm->slab_end[class] = room + size;
    return true;
}

static void *slab_take_slow(VM *vm, unsigned class) {
    if (unlikely(vm->fail_after != 0) && !may_allocate(vm, 0))
        return NULL;
    void *p = vm->slab_free_list[class];
    if (p != NULL) {
        vm->slab_free_list[class] = *(void **)p;
        return p;
    }
    size_t size = (size_t) class * SLAB_STEP;
    if ((size_t)(vm->slab_end[class] - vm->slab_top[class]) < size && !slab_grow(vm, class))
        return NULL;
    p = vm->slab_top[class];
    vm->slab_top[class] += size;
    return p;
}

static ALWAYS_INLINE unsigned slab_class_of(size_t size) {
    if (COVE_ASAN || size > SLAB_MAX)
        return 0;
    return size == 0 ? 1 : (unsigned)((size + SLAB_STEP - 1) / SLAB_STEP);
}

static ALWAYS_INLINE void slab_give(VM *vm, void *p, unsigned class) {
    *(void **)p = vm->slab_free_list[class];
    vm->slab_free_list[class] = p;
}

static NOINLINE void *block_alloc_slow(VM *vm, size_t size, unsigned class) {
    void *p = class != 0 ? slab_take_slow(vm, class) : large_alloc(vm, size);
    if (unlikely(p == NULL))
        limits_refused(vm);
    return p;
}

/* Most blocks come from a free list; everything else is kept out of line, so that callers need no stack frame. */
static ALWAYS_INLINE void *block_alloc_inline(VM *vm, size_t size, uint8_t *class) {
    unsigned c = slab_class_of(size);
    *class = (uint8_t)c;
    void *p = vm->slab_free_list[c]; /* that of class 0 is always empty */
    if (unlikely(p == NULL || vm->fail_after != 0))
        return block_alloc_slow(vm, size, c);
    vm->slab_free_list[c] = *(void **)p;
    return p;
}

static void *block_alloc(VM *vm, size_t size, uint8_t *class) { return block_alloc_inline(vm, size, class); }

/* Zeroes a block of which `size` bytes are asked for. The smallest are so common that a call of memset would cost
 * more than the work: they are whole steps, cleared to the end of the last one. */
static ALWAYS_INLINE void block_clear(char *block, size_t size, uint8_t class) {
    if (class == 0 || size > 4 * SLAB_STEP) {
        memset(block, 0, size);
        return;
    }
    for (size_t i = 0; i < size; i += SLAB_STEP)
        memset(block + i, 0, SLAB_STEP);
}

void *slab_alloc(VM *vm, size_t size, uint8_t *size_class) { return block_alloc(vm, size, size_class); }

void slab_free(VM *vm, void *p, uint8_t size_class) {
    if (size_class != 0)
        slab_give(vm, p, size_class);
    else
        large_free(vm, p);
}

/* --- buffers
 * ---------------------------------------------------------------------------------------------------------- */

void *mem_alloc(VM *vm, size_t size) {
    uint8_t class;
    return block_alloc(vm, size, &class);
}

void *mem_zalloc(VM *vm, size_t size) {
    void *p = mem_alloc(vm, size);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

void *mem_permanent(VM *vm, size_t size) {
    size = (size + SLAB_STEP - 1) & ~(size_t)(SLAB_STEP - 1);
    if (COVE_ASAN || size > PERMANENT_PAGE / 4)
        return mem_zalloc(vm, size);
    bool allowed = likely(vm->fail_after == 0) || may_allocate(vm, 0);
    char *room = allowed ? rest_take(vm, size) : NULL;
    if (unlikely(room == NULL) && allowed && rest_new(vm, PERMANENT_PAGE))
        room = rest_take(vm, size);
    if (unlikely(room == NULL)) {
        limits_refused(vm);
        return NULL;
    }
    return memset(room, 0, size);
}

void mem_free(VM *vm, void *p, size_t size) {
    if (p != NULL)
        slab_free(vm, p, (uint8_t)slab_class_of(size));
}

void *mem_realloc(VM *vm, void *p, size_t old_size, size_t new_size) {
    if (p == NULL)
        return mem_alloc(vm, new_size);
    unsigned old_class = slab_class_of(old_size), new_class = slab_class_of(new_size);
    if (old_class == new_class && old_class != 0)
        return p;
    if (old_class == 0 && new_class == 0 && new_size <= PTRDIFF_MAX - sizeof(LargeBlock)) {
        LargeBlock *b = (LargeBlock *)p - 1;
        large_unlink(vm, b);
        LargeBlock *moved = door_alloc(vm, b, b->size, new_size + sizeof(LargeBlock));
        if (moved == NULL) {
            large_link(vm, b);
            limits_refused(vm);
            return NULL;
        }
        moved->size = new_size + sizeof(LargeBlock);
        large_link(vm, moved);
        return moved + 1;
    }
    void *q = mem_alloc(vm, new_size);
    if (q == NULL)
        return NULL;
    memcpy(q, p, old_size < new_size ? old_size : new_size);
    mem_free(vm, p, old_size);
    return q;
}

/* --- objects
 * ---------------------------------------------------------------------------------------------------------- */

void *object_alloc(VM *vm, Type *type, size_t extra) {
    size_t front = 0;
    uint8_t flags = 0, class;
    if (type->flags & TYPE_GC) {
        front = sizeof(GcLink);
        flags = OBJ_GC;
    }
    if (type->attrs_offset < 0) {
        front += 2 * sizeof(Value);
        flags |= OBJ_PREFIXED;
    }
    size_t size = type->size + extra;
    if (unlikely(extra > PTRDIFF_MAX - 4096))
        return (void *)raise_memory(vm);
    char *block = block_alloc_inline(vm, front + size, &class);
    if (unlikely(block == NULL))
        return NULL;
    block_clear(block, front + size, class);
    Object *o = (Object *)(block + front);
    o->refcount = 1;
    o->kind = (uint8_t)type->kind;
    o->size_class = class;
    o->shape = type->root_shape;
    if (type->flags & TYPE_HEAP) {
        flags |= OBJ_SUBTYPE;
        type->header.refcount++;
    }
    o->flags = flags;
    if ((flags & OBJ_GC) && unlikely(gc_track(&vm->gc, o)))
        return gc_request_young(vm, o);
    return o;
}

void *object_alloc_uncleared(VM *vm, Type *type, size_t size) {
    assert((type->flags & (TYPE_GC | TYPE_HEAP)) == TYPE_GC && type->attrs_offset >= 0);
    uint8_t class;
    char *block = block_alloc_inline(vm, sizeof(GcLink) + size, &class);
    if (unlikely(block == NULL))
        return NULL;
    Object *o = (Object *)(block + sizeof(GcLink));
    *o = (Object){
        .refcount = 1, .kind = (uint8_t)type->kind, .size_class = class, .flags = OBJ_GC, .shape = type->root_shape};
    if (unlikely(gc_track(&vm->gc, o)))
        return gc_request_young(vm, o);
    return o;
}

void object_release_plain(VM *vm, Object *o) {
    gc_untrack(o);
    slab_free(vm, gc_link(o), o->size_class);
}

#ifdef NDEBUG
static ALWAYS_INLINE void mark_gone(Object *o) { (void)o; }
#else
/* The shape is what a free list leaves as it is. */
static void mark_gone(Object *o) { o->shape = (Shape *)MEM_GONE; }
#endif

/* Gives back the memory of an object whose contents have been dropped. */
static void object_release(VM *vm, Object *o) {
    char *block = (char *)o;
    if (o->flags & OBJ_GC)
        block -= sizeof(GcLink);
    if (o->flags & OBJ_PREFIXED)
        block -= 2 * sizeof(Value);
    uint8_t class = o->size_class;
    mark_gone(o);
    slab_free(vm, block, class);
}

void object_discard(VM *vm, Object *o) {
    Type *type = obj_type(o);
    if (o->flags & OBJ_GC)
        gc_untrack(o);
    object_release(vm, o);
    if (type->flags & TYPE_HEAP)
        obj_decref(vm, &type->header);
}

size_t object_room(const Object *o) {
    if (o->size_class != 0)
        return (size_t)o->size_class * SLAB_STEP;
    return ((const LargeBlock *)o - 1)->size - sizeof(LargeBlock);
}

void *object_resize(VM *vm, Object *o, size_t size) {
    size_t old_size = object_room(o);
    if (o->size_class == 0 && slab_class_of(size) == 0)
        return mem_realloc(vm, o, old_size, size);
    uint8_t class;
    Object *moved = block_alloc(vm, size, &class);
    if (moved == NULL)
        return NULL;
    uint8_t old_class = o->size_class;
    memcpy(moved, o, old_size < size ? old_size : size);
    moved->size_class = class;
    slab_free(vm, o, old_class);
    return moved;
}

/* Runs __del__ (or closes a suspended generator). True if the object was brought back to life. */
static NOINLINE bool object_finalize(VM *vm, Object *o, Type *type) {
    o->flags |= OBJ_FINALIZED;
    o->refcount = 1;
    Value pending = error_take(vm);
    type->slots.finalize(vm, from_obj(o));
    if (error_pending(vm))
        error_unraisable(vm, NULL, from_obj(o));
    vm->thread->exception = pending;
    return --o->refcount != 0;
}

/* The object must be untracked: callbacks may collect, and it is nobody's garbage but ours. */
static NOINLINE void drop_weakrefs(VM *vm, Object *o) {
    Value pending = error_take(vm);
    weakref_clear_all(vm, o);
    vm->thread->exception = pending;
}

static void object_destroy(VM *vm, Object *o) {
    Type *type = obj_type(o);
    if (unlikely((o->flags & OBJ_WEAKREFS) && o->kind == KIND_GENERATOR)) { /* dead to others before its code ends */
        gc_untrack(o);
        drop_weakrefs(vm, o);
        gc_track(&vm->gc, o);
    }
    if (type->slots.finalize != NULL && !(o->flags & OBJ_FINALIZED) && object_finalize(vm, o, type))
        return;
    if (o->flags & OBJ_GC)
        gc_untrack(o);
    if (unlikely(o->flags & OBJ_WEAKREFS))
        drop_weakrefs(vm, o);
    if (type->slots.dealloc != NULL)
        type->slots.dealloc(vm, o);
    if (type->attrs_offset != 0 || type->nmembers != 0)
        instance_drop_attrs(vm, o);
    /* the class of the instance may itself die now: nothing of it is needed any more but its flags, read before */
    bool heap = (type->flags & TYPE_HEAP) != 0;
    object_release(vm, o);
    if (heap)
        obj_decref(vm, &type->header);
}

/* --- dead objects that are put aside
 * ----------------------------------------------------------------------------------------------------------
 *
 * Both lists are linked through the GcLinks of their members.
 *
 * Chains of objects (a list of a million links) must not nest a million C calls: past some depth the container is put
 * on the worklist, and the outermost call frees those.
 *
 * While a run has to keep to a time, a million objects that end together must not hold its host either. Past so many
 * in a step, and if a single one is large, they wait for the next safe points, each of which spends about as much
 * time on them as the step has taken: garbage then goes as fast as it is made. Only plain containers wait. Nothing
 * but their owners, who are gone, knows of them, while a class or a weak reference is also found in other ways; and
 * finalizers are not put off. */

static void list_put(Object **list, Object *o) {
    gc_untrack(o);
    gc_link(o)->next = (GcLink *)*list;
    *list = o;
}

static Object *list_take(Object **list) {
    Object *o = *list;
    *list = (Object *)gc_link(o)->next;
    gc_link(o)->next = NULL;
    return o;
}

static bool may_wait(Object *o) {
    const Slots *slots = &obj_type(o)->slots;
    return (slots->drop_some != NULL || (o->kind == KIND_OBJECT && slots->dealloc == NULL)) &&
           slots->finalize == NULL && !(o->flags & OBJ_WEAKREFS);
}

static bool is_large(VM *vm, Object *o) {
    const Slots *slots = &obj_type(o)->slots;
    return slots->drop_some != NULL && slots->drop_some(vm, o, 0) > FREE_LARGE;
}

/* Has the object wait, if there are enough for this step. */
static bool waits(VM *vm, Object *o) {
    if (!vm->frees_counted || !may_wait(o))
        return false;
    if (vm->frees_left > 0 && !is_large(vm, o)) {
        vm->frees_left--;
        return false;
    }
    list_put(&vm->limits->waiting, o);
    __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_FREE, __ATOMIC_RELAXED);
    return true;
}

static NOINLINE bool put_aside(VM *vm, Object *o) {
    if (vm->thread->dealloc_depth < DEALLOC_DEPTH_MAX)
        return waits(vm, o);
    list_put(&vm->free_worklist, o);
    return true;
}

static NOINLINE void free_worklist(VM *vm) {
    while (vm->free_worklist != NULL) {
        Object *o = list_take(&vm->free_worklist);
        if (!waits(vm, o))
            object_destroy(vm, o);
    }
}

void object_free(VM *vm, Object *o) {
    Thread *t = vm->thread;
    if (!(o->flags & OBJ_GC)) {
        object_destroy(vm, o);
        return;
    }
    if (unlikely(t->dealloc_depth >= vm->dealloc_nests) && put_aside(vm, o))
        return;
    t->dealloc_depth++;
    object_destroy(vm, o);
    if (unlikely(vm->free_worklist != NULL) && t->dealloc_depth == 1)
        free_worklist(vm);
    t->dealloc_depth--;
}

size_t items_drop_some(VM *vm, const Value *items, size_t *len, size_t n) {
    if (n == 0) {
        limits_handled(vm, *len);
        while (*len > 0 && !is_obj(items[*len - 1]))
            --*len;
    }
    while (n > 0 && *len > 0)
        n = drop_counted(vm, items[--*len], n);
    return *len;
}

/* Frees a part of the object that waits since last, or all of it; it is not on the list meanwhile. */
static void free_waiting(VM *vm) {
    Object *o = list_take(&vm->limits->waiting);
    size_t (*drop_some)(VM *, Object *, size_t) = obj_type(o)->slots.drop_some;
    vm->frees_left = FREES_A_STEP;
    if (drop_some != NULL && drop_some(vm, o, FREE_PART) > 0)
        list_put(&vm->limits->waiting, o);
    else
        object_destroy(vm, o);
    free_worklist(vm);
}

bool object_is_waiting(const VM *vm) { return vm->limits != NULL && vm->limits->waiting != NULL; }

bool object_free_waiting(VM *vm, int64_t until) {
    Thread *t = vm->thread;
    if (!object_is_waiting(vm))
        return false;
    if (t->dealloc_depth > 0) /* not within another object's end */
        return true;
    t->dealloc_depth++;
    do
        free_waiting(vm);
    while (vm->limits->waiting != NULL && (until == INT64_MAX || lock_clock() < until));
    t->dealloc_depth--;
    return vm->limits->waiting != NULL;
}

void value_drop(VM *vm, Value v) {
    if (is_obj(v) && --as_obj(v)->refcount == 0)
        object_free(vm, as_obj(v));
}

/* --- the whole heap
 * ----------------------------------------------------------------------------------------------------- */

void mem_release_all(VM *vm) {
    while (vm->large_blocks != NULL)
        large_free(vm, vm->large_blocks + 1);
    while (vm->slab_pages != NULL) {
        SlabPage *page = vm->slab_pages;
        vm->slab_pages = page->next;
        door_free(vm, page, page->size);
    }
}

void *mem_default_allocator(void *user, void *p, size_t old_size, size_t new_size) {
    (void)user, (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}
