/* The writing end of a pickler: its buffer, the frames of protocol 4 and later, and the memo.
 *
 * frame_start is the offset of an open frame's header in the buffer, or -1. A frame is opened by the first byte
 * written while framing is on, its size is filled in when it is closed. Everything works by offsets, because flushing
 * calls the file's write method, and that may do anything. */
#include "stdlib/pickle/pickle.h"

static bool reserve(VM *vm, Pickler *p, size_t n) {
    if (n <= p->cap - p->len)
        return true;
    if (n > PTRDIFF_MAX - p->len)
        return raise_memory(vm);
    size_t cap = p->cap < 128 ? 256 : p->cap + p->cap / 2;
    if (cap < p->len + n)
        cap = p->len + n;
    char *out = mem_realloc(vm, p->out, p->cap, cap);
    if (out == NULL)
        return false;
    p->out = out;
    p->cap = cap;
    return true;
}

bool put(VM *vm, Pickler *p, const void *data, size_t n) {
    if (!reserve(vm, p, n + FRAME_HEADER))
        return false;
    if (p->framing && p->frame_start < 0) {
        p->frame_start = (ssize_t)p->len;
        p->len += FRAME_HEADER;
    }
    if (n > 0)
        memcpy(p->out + p->len, data, n);
    p->len += n;
    return true;
}

bool put_op(VM *vm, Pickler *p, int op) {
    char c = (char)op;
    return put(vm, p, &c, 1);
}

static void write_le(char *to, uint64_t v, int width) {
    for (int i = 0; i < width; i++)
        to[i] = (char)(v >> (8 * i));
}

bool put_commit(VM *vm, Pickler *p) {
    if (!p->framing || p->frame_start < 0)
        return true;
    size_t start = (size_t)p->frame_start, size = p->len - start - FRAME_HEADER;
    if (size >= FRAME_MIN) {
        p->out[start] = (char)OPC_FRAME;
        write_le(p->out + start + 1, size, 8);
    } else { /* not worth a header */
        memmove(p->out + start, p->out + start + FRAME_HEADER, size);
        p->len -= FRAME_HEADER;
    }
    p->frame_start = -1;
    return true;
}

bool put_flush(VM *vm, Pickler *p) {
    if (p->write == 0)
        return true;
    Value data = bytes_new(vm, p->out == NULL ? "" : p->out, p->len);
    p->len = 0;
    Value r = data != 0 ? call1(vm, p->write, data) : 0;
    decref(vm, data);
    decref(vm, r);
    return r != 0;
}

bool put_boundary(VM *vm, Pickler *p) {
    if (!p->framing || p->frame_start < 0 || p->len - (size_t)p->frame_start - FRAME_HEADER < FRAME_TARGET)
        return true;
    return put_commit(vm, p) && put_flush(vm, p);
}

bool put_sized(VM *vm, Pickler *p, int op, size_t size, int width, const char *data, size_t n) {
    char head[9];
    head[0] = (char)op;
    write_le(head + 1, size, width);
    bool framing = p->framing, outside = framing && n >= FRAME_TARGET;
    if (outside) {
        put_commit(vm, p);
        p->framing = false;
    }
    bool ok = put(vm, p, head, (size_t)width + 1) && (!outside || put_flush(vm, p)) && put(vm, p, data, n);
    p->framing = framing;
    return ok && (!outside || put_flush(vm, p));
}

/* ---- the memo -------------------------------------------------------------------------------------------------- */

static size_t mix(Value v) {
    uint64_t h = v * 0x9E3779B97F4A7C15ull;
    return (size_t)(h >> 20);
}

static MemoEntry *probe(const Memo *m, Value key) {
    size_t i = mix(key) & m->mask;
    while (m->table[i].key != 0 && m->table[i].key != key)
        i = (i + 1) & m->mask;
    return &m->table[i];
}

MemoEntry *memo_find(const Memo *m, Value key) {
    if (m->table == NULL)
        return NULL;
    MemoEntry *e = probe(m, key);
    return e->key != 0 ? e : NULL;
}

static bool memo_grow(VM *vm, Memo *m) {
    size_t size = m->table == NULL ? 16 : (m->mask + 1) * 2;
    Memo bigger = {mem_zalloc(vm, size * sizeof(MemoEntry)), m->used, size - 1};
    if (bigger.table == NULL)
        return false;
    for (size_t i = 0; m->table != NULL && i <= m->mask; i++)
        if (m->table[i].key != 0)
            *probe(&bigger, m->table[i].key) = m->table[i];
    if (m->table != NULL)
        mem_free(vm, m->table, (m->mask + 1) * sizeof(MemoEntry));
    *m = bigger;
    return true;
}

bool memo_add(VM *vm, Memo *m, Value key, size_t index) {
    if ((m->table == NULL || m->used * 3 >= (m->mask + 1) * 2) && !memo_grow(vm, m))
        return false;
    MemoEntry *e = probe(m, key);
    if (e->key == 0) {
        e->key = incref(key);
        m->used++;
    }
    e->index = index;
    return true;
}

void memo_clear(VM *vm, Memo *m) {
    Memo old = *m;
    *m = (Memo){0};
    if (old.table == NULL)
        return;
    for (size_t i = 0; i <= old.mask; i++)
        decref(vm, old.table[i].key);
    mem_free(vm, old.table, (old.mask + 1) * sizeof(MemoEntry));
}

static size_t decimal_line(char *out, char op, size_t n) {
    char digits[24];
    size_t count = 0, at = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    out[at++] = op;
    while (count > 0)
        out[at++] = digits[--count];
    out[at++] = '\n';
    return at;
}

static bool put_index(VM *vm, Pickler *p, size_t n, int text, int shorter, int longer) {
    char line[32];
    if (!p->bin)
        return put(vm, p, line, decimal_line(line, (char)text, n));
    if (n < 256) {
        line[0] = (char)shorter;
        line[1] = (char)n;
        return put(vm, p, line, 2);
    }
    if (n > UINT32_MAX)
        return raisef(vm, pickle_state(vm)->pickling_error, "memo id too large for LONG_%s",
                      longer == OPC_LONG_BINGET ? "BINGET" : "BINPUT");
    line[0] = (char)longer;
    write_le(line + 1, n, 4);
    return put(vm, p, line, 5);
}

bool put_get(VM *vm, Pickler *p, const MemoEntry *e) {
    return put_index(vm, p, e->index, OPC_GET, OPC_BINGET, OPC_LONG_BINGET);
}

bool put_memo(VM *vm, Pickler *p, Value v) {
    if (p->fast)
        return true;
    size_t n = p->memo.used;
    if (!memo_add(vm, &p->memo, v, n))
        return false;
    if (p->protocol >= 4)
        return put_op(vm, p, OPC_MEMOIZE);
    return put_index(vm, p, n, OPC_PUT, OPC_BINPUT, OPC_LONG_BINPUT);
}
