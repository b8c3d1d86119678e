/* Shapes: the tree of slot layouts of a class's instances.
 *
 * Invariants. The slots of a shape are those of its parent and one more, so the number of a slot never changes along
 * a path. Shapes live as long as their class; instances only point at them. Names in shapes are interned, so that
 * finding one is comparing words.
 *
 * Ids are what inline caches compare, and are given out only when somebody wants to cache: forgetting them after a
 * class has changed is writing zeros, and costs nothing when nobody has cached since the last change. An id other
 * than 0 implies that the class has a version, which in turn implies that all its bases have one.
 *
 * A program that gives attributes to instances in ever new orders would make ever more shapes: past a limit the class
 * makes no new ones and instances fall back to dicts. */
#include "runtime/vm.h"

#include "base/config.h"
#include "object/instance.h"
#include "object/shape.h"
#include "object/type.h"

#define SHAPES_MAX 512 /* per class */
#define INDEX_FROM 8   /* slots from which a lookup may build an index */
#define INDEX_AFTER 3  /* lookups of a shape before it gets one */

typedef struct ShapeIndex {
    uint32_t mask;
    struct {
        Value name; /* 0: free */
        uint32_t slot;
    } entries[];
} ShapeIndex;

static size_t index_bytes(uint32_t mask) {
    return sizeof(ShapeIndex) + (mask + (size_t)1) * sizeof((ShapeIndex *)0)->entries[0];
}

static ALWAYS_INLINE uint32_t name_mix(Value name) { return (uint32_t)(name >> 4) * 2654435761u >> 8; }

Shape *shape_new_root(VM *vm, Type *t) {
    Shape *s = mem_zalloc(vm, sizeof *s);
    if (s != NULL)
        s->type = t;
    return s;
}

static void index_build(VM *vm, Shape *s) {
    uint32_t size = 16;
    while (size < s->nslots * 2u)
        size *= 2;
    ShapeIndex *ix = mem_zalloc(vm, index_bytes(size - 1));
    if (ix == NULL) {
        error_clear(vm); /* only a help: the walk along the parents finds everything too */
        return;
    }
    ix->mask = size - 1;
    for (Shape *p = s; p->parent != NULL; p = p->parent) {
        uint32_t i = name_mix(p->name) & ix->mask;
        while (ix->entries[i].name != 0)
            i = (i + 1) & ix->mask;
        ix->entries[i].name = p->name;
        ix->entries[i].slot = p->nslots - 1u;
    }
    s->index = ix;
}

static ssize_t index_find(const ShapeIndex *ix, Value name) {
    for (uint32_t i = name_mix(name) & ix->mask; ix->entries[i].name != 0; i = (i + 1) & ix->mask) {
        if (ix->entries[i].name == name)
            return ix->entries[i].slot;
    }
    return -1;
}

ssize_t shape_find(VM *vm, Shape *s, Value name) {
    if (s->index != NULL)
        return index_find(s->index, name);
    if (unlikely(s->nslots >= INDEX_FROM) && ++s->unused >= INDEX_AFTER) {
        s->unused = 0;
        index_build(vm, s);
    }
    for (; s->parent != NULL; s = s->parent) {
        if (s->name == name)
            return (ssize_t)s->nslots - 1;
    }
    return -1;
}

Shape *shape_add(VM *vm, Shape *s, Value name) {
    for (Shape *c = s->children; c != NULL; c = c->sibling) {
        if (c->name == name)
            return c;
    }
    Type *t = s->type;
    if (s->nslots >= SHAPE_SLOTS_MAX || t->nshapes >= SHAPES_MAX)
        return NULL;
    Shape *c = mem_zalloc(vm, sizeof *c);
    if (c == NULL)
        return NULL;
    c->type = t;
    c->nslots = (uint16_t)(s->nslots + 1);
    c->parent = s;
    c->name = incref(name);
    c->sibling = s->children;
    s->children = c;
    t->nshapes++;
    return c;
}

Shape *shape_dict(VM *vm, Type *t) {
    if (t->dict_shape == NULL) {
        Shape *s = shape_new_root(vm, t);
        if (s == NULL)
            return NULL;
        s->is_dict = 1;
        t->dict_shape = s;
    }
    return t->dict_shape;
}

uint32_t shape_id(VM *vm, Shape *s) {
    if (s->id == 0 && type_version(vm, s->type) != 0 && vm->next_shape_id != UINT32_MAX)
        s->id = ++vm->next_shape_id;
    return s->id;
}

/* Depth is at most SHAPE_SLOTS_MAX: recursion along children, a loop along siblings. */
static void forget_from(Shape *s) {
    for (; s != NULL; s = s->sibling) {
        s->id = 0;
        if (s->children != NULL)
            forget_from(s->children);
    }
}

void shape_forget_ids(Type *t) {
    if (t->root_shape != NULL)
        forget_from(t->root_shape);
    if (t->dict_shape != NULL)
        t->dict_shape->id = 0;
}

static void shape_free_tree(VM *vm, Shape *s) {
    while (s != NULL) {
        Shape *next = s->sibling;
        shape_free_tree(vm, s->children);
        if (s->index != NULL)
            mem_free(vm, s->index, index_bytes(s->index->mask));
        decref(vm, s->name);
        mem_free(vm, s, sizeof *s);
        s = next;
    }
}

void shape_free_all(VM *vm, Type *t) {
    Shape *root = t->root_shape, *dict = t->dict_shape;
    t->root_shape = t->dict_shape = NULL;
    shape_free_tree(vm, root);
    shape_free_tree(vm, dict);
}

Value shape_name(Shape *s, size_t slot) {
    while (s->nslots != slot + 1)
        s = s->parent;
    return s->name;
}
