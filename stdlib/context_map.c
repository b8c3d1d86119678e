/* The map of a context: a persistent radix tree.
 *
 * Every context variable has a number of its own, so keys cannot collide, and as numbers are given in order the tree
 * is dense: 32 children a node, the lowest five bits first. A node holds only the children it has, found by counting
 * the bits below theirs in a bitmap. A child is a pair or, where several numbers share the path so far, a node.
 * Setting copies the nodes on the path, log32(n) of them, and shares the rest. */
#include "object/containers.h"
#include "stdlib/contextvars.h"

#define LEVEL_BITS 5

typedef struct Node {
    Object header;
    uint32_t bitmap;
    uint32_t count;
    struct {
        Value key; /* variable, or 0: value is a Node */
        Value value;
        uint64_t number;
    } items[];
} Node;

static Node *as_node(Value v) { return (Node *)as_obj(v); }

static void node_dealloc(VM *vm, Object *self) {
    Node *n = (Node *)self;
    for (uint32_t i = 0; i < n->count; i++) {
        decref(vm, n->items[i].key);
        decref(vm, n->items[i].value);
    }
}

static void node_clear(VM *vm, Object *self) {
    Node *n = (Node *)self;
    uint32_t count = n->count;
    n->count = n->bitmap = 0;
    for (uint32_t i = 0; i < count; i++) {
        decref(vm, n->items[i].key);
        decref(vm, n->items[i].value);
    }
}

static void node_traverse(Object *self, VisitFn visit, void *arg) {
    Node *n = (Node *)self;
    for (uint32_t i = 0; i < n->count; i++) {
        visit_value(n->items[i].key, visit, arg);
        visit_value(n->items[i].value, visit, arg);
    }
}

static const TypeSpec node_spec = {
    .name = "_contextvars.hamt",
    .size = sizeof(Node),
    .flags = TYPE_GC | TYPE_VARSIZE | TYPE_NO_NEW | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.dealloc = node_dealloc, .clear = node_clear, .traverse = node_traverse},
};

static Node *node_new(VM *vm, uint32_t count) {
    Type *type = vm_type(vm, &node_spec, NULL);
    return type ? object_alloc(vm, type, count * sizeof(((Node *)0)->items[0])) : NULL;
}

static uint32_t bit_of(uint64_t number, unsigned shift) { return 1u << (number >> shift & 31); }
static uint32_t place_of(const Node *n, uint32_t bit) { return (uint32_t)__builtin_popcount(n->bitmap & (bit - 1)); }

Value context_map_get(Value root, Value key, uint64_t number) {
    for (unsigned shift = 0; root != 0; shift += LEVEL_BITS) {
        Node *n = as_node(root);
        uint32_t bit = bit_of(number, shift);
        if (!(n->bitmap & bit))
            return 0;
        uint32_t i = place_of(n, bit);
        if (n->items[i].key != 0)
            return n->items[i].key == key ? n->items[i].value : 0;
        root = n->items[i].value;
    }
    return 0;
}

/* Copies the first `from` items of n, then leaves a gap of `gap` items in the copy for `skip` items of n. */
static Node *node_copy(VM *vm, Node *n, uint32_t from, uint32_t gap, uint32_t skip) {
    Node *copy = node_new(vm, n->count + gap - skip);
    if (!copy)
        return NULL;
    copy->bitmap = n->bitmap;
    copy->count = n->count + gap - skip;
    for (uint32_t i = 0; i < n->count; i++) {
        if (i >= from && i < from + skip)
            continue;
        uint32_t to = i < from ? i : i + gap - skip;
        copy->items[to] = n->items[i];
        incref(n->items[i].key);
        incref(n->items[i].value);
    }
    return copy;
}

static void put_pair(Node *n, uint32_t i, Value key, uint64_t number, Value value) {
    n->items[i].key = incref(key);
    n->items[i].value = incref(value);
    n->items[i].number = number;
}

/* A node for two pairs whose numbers agree below `shift`; the second one is owned by the caller's node. */
static Node *node_of_two(VM *vm, unsigned shift, Value k1, uint64_t n1, Value v1, Value k2, uint64_t n2, Value v2) {
    uint32_t b1 = bit_of(n1, shift), b2 = bit_of(n2, shift);
    Node *n = node_new(vm, b1 == b2 ? 1 : 2);
    if (!n)
        return NULL;
    if (b1 == b2) {
        Node *below = node_of_two(vm, shift + LEVEL_BITS, k1, n1, v1, k2, n2, v2);
        if (!below) {
            obj_decref(vm, &n->header);
            return NULL;
        }
        n->items[0].value = from_obj(below);
        n->count = 1;
    } else {
        put_pair(n, b1 > b2, k1, n1, v1);
        put_pair(n, b1 < b2, k2, n2, v2);
        n->count = 2;
    }
    n->bitmap = b1 | b2;
    return n;
}

static bool node_set(VM *vm, Value root, unsigned shift, Value key, uint64_t number, Value value, Value *out);

/* n without item i; nothing is left of a node with one item. */
static bool node_remove(VM *vm, Node *n, uint32_t i, uint32_t bit, Value *out) {
    *out = 0;
    if (n->count == 1)
        return true;
    Node *copy = node_copy(vm, n, i, 0, 1);
    if (!copy)
        return false;
    copy->bitmap &= ~bit;
    *out = from_obj(copy);
    return true;
}

/* n with something else in the place of item i, a node or a pair. */
static bool node_replace(VM *vm, Node *n, uint32_t i, Value key, uint64_t number, Value value, Value *out) {
    Node *copy = node_copy(vm, n, i, 1, 1);
    if (!copy)
        return false;
    put_pair(copy, i, key, number, value);
    *out = from_obj(copy);
    return true;
}

static bool node_set_item(VM *vm, Node *n, unsigned shift, Value key, uint64_t number, Value value, Value *out) {
    uint32_t bit = bit_of(number, shift), i = place_of(n, bit);
    Value k = n->items[i].key, below;
    if (k == key)
        return value ? node_replace(vm, n, i, key, number, value, out) : node_remove(vm, n, i, bit, out);
    if (k == 0) {
        if (!node_set(vm, n->items[i].value, shift + LEVEL_BITS, key, number, value, &below))
            return false;
        if (below == 0)
            return node_remove(vm, n, i, bit, out);
    } else {
        if (value == 0) {
            *out = incref(from_obj(n));
            return true;
        }
        below = from_obj(
            node_of_two(vm, shift + LEVEL_BITS, k, n->items[i].number, n->items[i].value, key, number, value));
        if (below == 0)
            return false;
    }
    bool ok = node_replace(vm, n, i, 0, 0, below, out);
    decref(vm, below);
    return ok;
}

static bool node_set(VM *vm, Value root, unsigned shift, Value key, uint64_t number, Value value, Value *out) {
    Node *n = as_node(root);
    uint32_t bit = bit_of(number, shift);
    if (n->bitmap & bit)
        return node_set_item(vm, n, shift, key, number, value, out);
    if (value == 0) {
        *out = incref(root);
        return true;
    }
    uint32_t i = place_of(n, bit);
    Node *copy = node_copy(vm, n, i, 1, 0);
    if (!copy)
        return false;
    copy->bitmap |= bit;
    put_pair(copy, i, key, number, value);
    *out = from_obj(copy);
    return true;
}

bool context_map_set(VM *vm, Value root, Value key, uint64_t number, Value value, Value *out) {
    *out = 0;
    if (root != 0)
        return node_set(vm, root, 0, key, number, value, out);
    if (value == 0)
        return true;
    Node *n = node_new(vm, 1);
    if (!n)
        return false;
    n->bitmap = bit_of(number, 0);
    n->count = 1;
    put_pair(n, 0, key, number, value);
    *out = from_obj(n);
    return true;
}

size_t context_map_pairs(Value root, ContextMapPair *pairs) {
    size_t count = 0;
    if (root == 0)
        return 0;
    Node *n = as_node(root);
    for (uint32_t i = 0; i < n->count; i++) {
        if (n->items[i].key == 0) {
            count += context_map_pairs(n->items[i].value, pairs + count);
        } else {
            pairs[count].key = n->items[i].key;
            pairs[count++].value = n->items[i].value;
        }
    }
    return count;
}
