/* Reading a pickle: the input, the stack machine's own parts (stack, marks, memo) and its loop.
 *
 * The opcodes come from anybody, so each checks what it takes: nothing below the fence, which is the last mark, may
 * be popped. The stack holds owned references and is all there is, so that an error at any point drops everything. */
#include "stdlib/pickle/pickle.h"

/* ---- input ----------------------------------------------------------------------------------------------------- */

bool load_truncated(VM *vm) { return raisef(vm, pickle_state(vm)->unpickling_error, "pickle data was truncated"); }

bool unpickler_input(VM *vm, Unpickler *u, Value data_consumed) {
    Buffer old = u->source, view;
    if (!buffer_get(vm, data_consumed, &view, false)) {
        decref(vm, data_consumed);
        return false;
    }
    Value previous = u->input;
    u->input = data_consumed;
    u->source = view;
    u->pos = 0;
    if (previous != 0)
        buffer_release(vm, &old);
    decref(vm, previous);
    return true;
}

static bool read_more(VM *vm, Unpickler *u, size_t n) {
    if (n > PTRDIFF_MAX)
        return raisef(vm, pickle_state(vm)->unpickling_error, "read would overflow (invalid bytecode)");
    Value size = int_from_uint64(vm, n), data = size != 0 ? call1(vm, u->read, size) : 0;
    decref(vm, size);
    if (data == 0)
        return false;
    return unpickler_input(vm, u, data);
}

/* n bytes, of which the input holds only the first few: both parts put together become the input. */
static bool join_more(VM *vm, Unpickler *u, size_t n) {
    size_t have = u->source.len - u->pos;
    Value head = bytes_new(vm, u->source.data + u->pos, have);
    if (head == 0)
        return false;
    bool ok = read_more(vm, u, n - have);
    if (ok && u->source.len > 0) {
        Value all = bytes_new(vm, NULL, have + u->source.len);
        if (all != 0) {
            memcpy(as_bytes(all)->data, as_bytes(head)->data, have);
            memcpy(as_bytes(all)->data + have, u->source.data, u->source.len);
        }
        ok = all != 0 && unpickler_input(vm, u, all);
    } else if (ok) {
        ok = load_truncated(vm);
    }
    decref(vm, head);
    return ok;
}

bool unpickler_take(VM *vm, Unpickler *u, size_t n, const char **data) {
    size_t have = u->source.len - u->pos;
    if (n > have) {
        if (u->read == 0)
            return load_truncated(vm);
        if (have > 0 ? !join_more(vm, u, n) : !read_more(vm, u, n))
            return false;
        if (u->source.len < n)
            return load_truncated(vm);
    }
    *data = n > 0 ? u->source.data + u->pos : "";
    u->pos += n;
    return true;
}

bool unpickler_frame(VM *vm, Unpickler *u, size_t n) {
    const char *data;
    if (!unpickler_take(vm, u, n, &data))
        return false;
    u->pos -= n;
    return true;
}

bool unpickler_load_line(VM *vm, Unpickler *u, const char **line, size_t *n) {
    if (u->pos == u->source.len && u->readline != 0) {
        Value data = call0(vm, u->readline);
        if (data == 0 || !unpickler_input(vm, u, data))
            return false;
    }
    size_t have = u->source.len - u->pos;
    const char *start = u->source.data + u->pos, *end = have > 0 ? memchr(start, '\n', have) : NULL;
    if (end == NULL)
        return load_truncated(vm);
    *line = start;
    *n = (size_t)(end - start);
    u->pos += *n + 1;
    return true;
}

size_t load_le(const char *data, int width) {
    uint64_t v = 0;
    for (int i = 0; i < width; i++)
        v |= (uint64_t)(unsigned char)data[i] << (8 * i);
    return v;
}

/* ---- stack and marks ------------------------------------------------------------------------------------------- */

bool load_push(VM *vm, Unpickler *u, Value v_consumed) {
    if (v_consumed == 0)
        return false;
    if (u->depth == u->cap) {
        size_t cap = u->cap == 0 ? 32 : u->cap * 2;
        Value *stack = mem_realloc(vm, u->stack, u->cap * sizeof(Value), cap * sizeof(Value));
        if (stack == NULL) {
            decref(vm, v_consumed);
            return false;
        }
        u->stack = stack;
        u->cap = cap;
    }
    u->stack[u->depth++] = v_consumed;
    return true;
}

bool load_underflow(VM *vm, Unpickler *u) {
    return raisef(vm, pickle_state(vm)->unpickling_error,
                  u->mark_seen ? "unexpected MARK found" : "unpickling stack underflow");
}

Value load_pop(VM *vm, Unpickler *u) {
    if (u->depth <= u->fence)
        return load_underflow(vm, u);
    return u->stack[--u->depth];
}

void load_cut(VM *vm, Unpickler *u, size_t depth) {
    while (u->depth > depth) {
        Value v = u->stack[--u->depth];
        decref(vm, v);
    }
}

static void lower_fence(Unpickler *u) {
    u->mark_seen = u->nmarks != 0;
    u->fence = u->nmarks != 0 ? u->marks[u->nmarks - 1] : 0;
}

bool load_mark_pop(VM *vm, Unpickler *u, size_t *at) {
    if (u->nmarks == 0)
        return raisef(vm, pickle_state(vm)->unpickling_error, "could not find MARK");
    *at = u->marks[--u->nmarks];
    lower_fence(u);
    return true;
}

static bool mark_push(VM *vm, Unpickler *u) {
    if (u->nmarks == u->marks_cap) {
        size_t cap = u->marks_cap == 0 ? 16 : u->marks_cap * 2;
        size_t *marks = mem_realloc(vm, u->marks, u->marks_cap * sizeof(size_t), cap * sizeof(size_t));
        if (marks == NULL)
            return false;
        u->marks = marks;
        u->marks_cap = cap;
    }
    u->marks[u->nmarks++] = u->fence = u->depth;
    u->mark_seen = true;
    return true;
}

static bool pop_one(VM *vm, Unpickler *u) {
    if (u->nmarks > 0 && u->marks[u->nmarks - 1] == u->depth) {
        u->nmarks--;
        lower_fence(u);
        return true;
    }
    Value v = load_pop(vm, u);
    decref(vm, v);
    return v != 0;
}

/* ---- memo ------------------------------------------------------------------------------------------------------ */

/* Numbers are dense in what picklers write; an index far out must not cost memory. */
bool load_memo_set(VM *vm, Unpickler *u, size_t index, Value v) {
    if (index >= u->memo_cap && index > 2 * u->memo_count + 64) {
        Value key = int_from_uint64(vm, index);
        bool ok = key != 0 && (u->sparse != 0 || (u->sparse = dict_new(vm)) != 0);
        size_t before = ok ? dict_len(u->sparse) : 0;
        ok = ok && dict_set(vm, u->sparse, key, v);
        if (ok)
            u->memo_count += dict_len(u->sparse) - before;
        decref(vm, key);
        return ok;
    }
    if (index >= u->memo_cap) {
        size_t cap = (index + 1) * 2 < 32 ? 32 : (index + 1) * 2;
        Value *memo = mem_realloc(vm, u->memo, u->memo_cap * sizeof(Value), cap * sizeof(Value));
        if (memo == NULL)
            return false;
        memset(memo + u->memo_cap, 0, (cap - u->memo_cap) * sizeof(Value));
        u->memo = memo;
        u->memo_cap = cap;
    }
    u->memo_count += u->memo[index] == 0;
    set_owned(vm, &u->memo[index], incref(v));
    return true;
}

Value load_memo_get(VM *vm, Unpickler *u, size_t index) {
    if (index < u->memo_cap && u->memo[index] != 0)
        return u->memo[index];
    if (u->sparse == 0)
        return 0;
    Value key = int_from_uint64(vm, index), v = key != 0 ? dict_get(vm, u->sparse, key) : 0;
    decref(vm, key);
    return v;
}

void load_memo_clear(VM *vm, Unpickler *u) {
    Value *memo = u->memo;
    size_t cap = u->memo_cap;
    u->memo = NULL;
    u->memo_cap = u->memo_count = 0;
    set_owned(vm, &u->sparse, 0);
    for (size_t i = 0; i < cap; i++)
        decref(vm, memo[i]);
    mem_free(vm, memo, cap * sizeof(Value));
}

static bool memo_fetch(VM *vm, Unpickler *u, size_t index) {
    Value v = load_memo_get(vm, u, index);
    if (v == 0 && !error_pending(vm))
        raisef(vm, pickle_state(vm)->unpickling_error, "Memo value not found at index %u", index);
    return v != 0 && load_push(vm, u, incref(v));
}

static bool memo_store(VM *vm, Unpickler *u, size_t index) {
    if (u->depth <= u->fence)
        return load_underflow(vm, u);
    return load_memo_set(vm, u, index, u->stack[u->depth - 1]);
}

static bool line_index(VM *vm, Unpickler *u, bool storing, size_t *index) {
    const char *line;
    size_t n;
    if (!unpickler_load_line(vm, u, &line, &n))
        return false;
    if (n == 0)
        return load_truncated(vm);
    if (storing && u->depth <= u->fence)
        return load_underflow(vm, u);
    Value text = str_decode(vm, line, n + 1, "latin-1", "strict"), v = text != 0 ? int_parse(vm, text, 10) : 0;
    int64_t i = 0;
    bool fits = v != 0 && int_fits_int64(v, &i);
    decref(vm, text);
    decref(vm, v);
    if (v == 0)
        return false;
    if (!fits)
        return raise_overflow(vm, "Python int too large to convert to C ssize_t");
    if (i < 0 && storing)
        return raise_value(vm, "negative PUT argument");
    if (i < 0)
        return raisef(vm, pickle_state(vm)->unpickling_error, "Memo value not found at index %i", i);
    *index = (size_t)i;
    return true;
}

static bool load_memo_op(VM *vm, Unpickler *u, int op) {
    const char *data;
    size_t index = 0;
    switch (op) {
    case OPC_MEMOIZE:
        return memo_store(vm, u, u->memo_count);
    case OPC_GET:
    case OPC_PUT:
        if (!line_index(vm, u, op == OPC_PUT, &index))
            return false;
        return op == OPC_PUT ? memo_store(vm, u, index) : memo_fetch(vm, u, index);
    default: {
        int width = op == OPC_LONG_BINGET || op == OPC_LONG_BINPUT ? 4 : 1;
        if (!unpickler_take(vm, u, (size_t)width, &data))
            return false;
        index = load_le(data, width);
        return op == OPC_BINPUT || op == OPC_LONG_BINPUT ? memo_store(vm, u, index) : memo_fetch(vm, u, index);
    }
    }
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static bool bad_opcode(VM *vm, int op) {
    Type *error = pickle_state(vm)->unpickling_error;
    if (op >= 0x20 && op <= 0x7e && op != '\'' && op != '\\')
        return raisef(vm, error, "invalid load key, '%c'.", op);
    const char *hex = "0123456789abcdef";
    return raisef(vm, error, "invalid load key, '\\x%c%c'.", hex[op >> 4], hex[op & 15]);
}

static bool load_proto(VM *vm, Unpickler *u) {
    const char *data;
    if (!unpickler_take(vm, u, 1, &data))
        return false;
    int protocol = (unsigned char)*data;
    if (protocol > PROTOCOL_HIGHEST)
        return raise_value(vm, "unsupported pickle protocol: %d", protocol);
    u->protocol = protocol;
    return true;
}

static bool load_frame(VM *vm, Unpickler *u) {
    const char *data;
    if (!unpickler_take(vm, u, 8, &data))
        return false;
    size_t n = load_le(data, 8);
    if (n > PTRDIFF_MAX)
        return raise_overflow(vm, "FRAME length exceeds system's maximum of %z bytes", (ssize_t)PTRDIFF_MAX);
    return unpickler_frame(vm, u, n);
}

static bool load_dup(VM *vm, Unpickler *u) {
    if (u->depth <= u->fence)
        return load_underflow(vm, u);
    return load_push(vm, u, incref(u->stack[u->depth - 1]));
}

static bool load_one(VM *vm, Unpickler *u, int op) {
    size_t at;
    bool known = true;
    switch (op) {
    case OPC_PROTO:
        return load_proto(vm, u);
    case OPC_FRAME:
        return load_frame(vm, u);
    case OPC_MARK:
        return mark_push(vm, u);
    case OPC_POP:
        return pop_one(vm, u);
    case OPC_POP_MARK:
        if (!load_mark_pop(vm, u, &at))
            return false;
        load_cut(vm, u, at);
        return true;
    case OPC_DUP:
        return load_dup(vm, u);
    case OPC_MEMOIZE:
    case OPC_GET:
    case OPC_BINGET:
    case OPC_LONG_BINGET:
    case OPC_PUT:
    case OPC_BINPUT:
    case OPC_LONG_BINPUT:
        return load_memo_op(vm, u, op);
    default:
        break;
    }
    bool ok = load_scalar(vm, u, op, &known);
    if (!known) {
        known = true;
        ok = load_build(vm, u, op, &known);
    }
    return known ? ok : bad_opcode(vm, op);
}

void load_reset(VM *vm, Unpickler *u) {
    load_cut(vm, u, 0);
    u->nmarks = u->fence = 0;
    u->mark_seen = false;
}

/* The data must start with an opcode: at the end of a file there is none, and that is EOFError. */
Value unpickler_run(VM *vm, Unpickler *u) {
    const char *data;
    load_reset(vm, u);
    u->protocol = 0;
    for (;;) {
        if (!unpickler_take(vm, u, 1, &data)) {
            if (error_matches(vm, pickle_state(vm)->unpickling_error)) {
                error_clear(vm);
                raisef(vm, vm->exc.EOFError, "Ran out of input");
            }
            return 0;
        }
        int op = (unsigned char)*data;
        if (op == OPC_STOP)
            return load_pop(vm, u);
        if (!load_one(vm, u, op))
            return 0;
    }
}
