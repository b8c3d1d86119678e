/* Built-in functions over iterables.
 *
 * sum adds integers and floats in C as long as it meets nothing else. Floats are added with a running compensation of
 * the rounding errors (Neumaier's form of Kahan's method), as scripts can see in sum([0.1] * 10) == 1.0.
 */
#include "stdlib/builtins/builtins.h"

#include "interp/generator.h"
#include "object/bytes.h"

#include <math.h>

static Value any_or_all(VM *vm, Value iterable, bool stop_at) {
    Value it = iter_get(vm, iterable);
    if (!it)
        return VALUE_ERROR;
    Value item;
    while ((item = iter_next(vm, it))) {
        int is_true = truth(vm, item);
        decref(vm, item);
        if (is_true < 0) {
            decref(vm, it);
            return VALUE_ERROR;
        }
        if (is_true == stop_at) {
            decref(vm, it);
            return from_bool(stop_at);
        }
    }
    decref(vm, it);
    return error_pending(vm) ? VALUE_ERROR : from_bool(!stop_at);
}

static Value iterate_all(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return any_or_all(vm, args[0], false);
}

static Value iterate_any(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return any_or_all(vm, args[0], true);
}

static Value iterate_iter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!args[1])
        return iter_get(vm, args[0]);
    if (!is_callable(args[0]))
        return raise_type(vm, "iter(v, w): v must be callable");
    return callable_iterator_new(vm, args[0], args[1]);
}

static Value next_default(VM *vm, Value given) {
    if (error_pending(vm)) {
        if (!given || !error_matches(vm, vm->exc.StopIteration))
            return VALUE_ERROR;
        error_clear(vm);
    }
    return given ? incref(given) : raise_stop_iteration(vm, 0);
}

static Value iterate_next(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *type = type_of(vm, args[0]);
    if (!type->slots.next)
        return raise_type(vm, "'%N' object is not an iterator", type);
    if (!type->slots.send) {
        Value item = type->slots.next(vm, args[0]);
        return item ? item : next_default(vm, args[1]);
    }
    Value out = 0; /* a generator: its return value goes into the StopIteration */
    SendStatus status = iter_send(vm, args[0], VALUE_NONE, &out);
    if (status == SEND_YIELD)
        return out;
    if (status == SEND_ERROR || args[1] || is_none(out)) {
        if (status == SEND_RETURN)
            decref(vm, out);
        return next_default(vm, args[1]);
    }
    raise_stop_iteration(vm, out);
    decref(vm, out);
    return VALUE_ERROR;
}

static Value iterate_aiter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *type = type_of(vm, args[0]);
    if (!type->slots.aiter)
        return raise_type(vm, "'%N' object is not an async iterable", type);
    Value it = type->slots.aiter(vm, args[0]);
    if (it && !type_of(vm, it)->slots.anext) {
        raise_type(vm, "aiter() returned not an async iterator of type '%T'", it);
        decref(vm, it);
        return VALUE_ERROR;
    }
    return it;
}

static Value iterate_anext(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *type = type_of(vm, args[0]);
    if (!type->slots.anext)
        return raise_type(vm, "'%N' object is not an async iterator", type);
    Value awaitable = type->slots.anext(vm, args[0]);
    if (!awaitable || !args[1])
        return awaitable;
    Value wrapped = anext_awaitable_new(vm, awaitable, args[1]);
    decref(vm, awaitable);
    return wrapped;
}

/* ---- sum ---- */

typedef struct FloatSum {
    double sum, error;
} FloatSum;

static void float_sum_add(FloatSum *s, double x) {
    double total = s->sum + x;
    s->error += fabs(s->sum) >= fabs(x) ? (s->sum - total) + x : (x - total) + s->sum;
    s->sum = total;
}

static double float_sum_result(const FloatSum *s) {
    return s->error != 0 && isfinite(s->error) ? s->sum + s->error : s->sum;
}

/* Adds small integers while they come and the sum fits. *item is the first that did not take part (0: exhausted). */
static Value sum_ints(VM *vm, Value it, Value start, Value *item) {
    int64_t total = as_small_int(start), next;
    while ((*item = iter_next(vm, it))) {
        int64_t n;
        if (is_small_int(*item))
            n = as_small_int(*item);
        else if (is_bool(*item))
            n = *item == VALUE_TRUE;
        else
            break;
        if (__builtin_add_overflow(total, n, &next))
            break;
        total = next;
    }
    return int_from_int64(vm, total);
}

static Value sum_floats(VM *vm, Value it, Value start, Value *item) {
    FloatSum s = {as_double(start), 0};
    while ((*item = iter_next(vm, it))) {
        int64_t n;
        if (is_double(*item)) {
            float_sum_add(&s, as_double(*item));
        } else if (is_int(*item) && int_fits_int64(*item, &n)) {
            s.sum += (double)n;
            decref(vm, *item);
        } else {
            break;
        }
    }
    return double_from_bits(float_sum_result(&s));
}

static Value sum_iterator(VM *vm, Value it, Value total) {
    incref(total);
    for (;;) {
        Value item, next;
        if (is_small_int(total))
            next = sum_ints(vm, it, total, &item);
        else if (is_double(total))
            next = sum_floats(vm, it, total, &item);
        else
            next = incref(total), item = iter_next(vm, it);
        decref(vm, total);
        total = next;
        if (!total || !item) {
            decref(vm, item);
            break;
        }
        next = arith_binary(vm, OP_ADD, total, item);
        decref(vm, item);
        decref(vm, total);
        total = next;
        if (!total)
            break;
    }
    if (total && error_pending(vm)) {
        decref(vm, total);
        return VALUE_ERROR;
    }
    return total;
}

static Value iterate_sum(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value start = args[1] ? args[1] : from_small_int(0);
    Value it = iter_get(vm, args[0]);
    if (!it)
        return VALUE_ERROR;
    Value total = VALUE_ERROR;
    if (is_str(start))
        raise_type(vm, "sum() can't sum strings [use ''.join(seq) instead]");
    else if (is_bytes(start))
        raise_type(vm, "sum() can't sum bytes [use b''.join(seq) instead]");
    else if (has_kind(start, KIND_BYTEARRAY))
        raise_type(vm, "sum() can't sum bytearray [use b''.join(seq) instead]");
    else
        total = sum_iterator(vm, it, start);
    decref(vm, it);
    return total;
}

/* ---- min, max, sorted ---- */

/* Keeps the better of (*best, *best_key) and (item, key); all owned, the loser is dropped. */
static bool extreme_step(VM *vm, Value *best, Value *best_key, Value item, Value key, CompareOp op) {
    int better = *best ? compare_bool(vm, key, *best_key, op) : 1;
    if (better > 0) {
        Value old = *best, old_key = *best_key;
        *best = item;
        *best_key = key;
        decref(vm, old);
        decref(vm, old_key);
        return true;
    }
    decref(vm, item);
    decref(vm, key);
    return better == 0;
}

/* The smallest or largest item by key (0: the items themselves); 0 without an exception when there is none. */
static Value extreme_of(VM *vm, Value iterable, Value key, CompareOp op) {
    Value it = iter_get(vm, iterable);
    if (!it)
        return VALUE_ERROR;
    Value best = 0, best_key = 0, item;
    bool ok = true;
    while (ok && (item = iter_next(vm, it))) {
        Value item_key = key ? call1(vm, key, item) : incref(item);
        if (!item_key) {
            decref(vm, item);
            ok = false;
        } else {
            ok = extreme_step(vm, &best, &best_key, item, item_key, op);
        }
    }
    decref(vm, it);
    decref(vm, best_key);
    if (!ok || error_pending(vm)) {
        decref(vm, best);
        return VALUE_ERROR;
    }
    return best;
}

static Value extreme(VM *vm, const char *name, Value *args, size_t nargs, Value kwnames, CompareOp op) {
    static const char *const keywords[] = {"key", "default", NULL};
    if (nargs == 0)
        return raise_type(vm, "%s expected at least 1 argument, got 0", name);
    if (!keywords_known(vm, name, kwnames, keywords))
        return VALUE_ERROR;
    Value key = keyword_argument(args, nargs, kwnames, "key");
    Value fallback = keyword_argument(args, nargs, kwnames, "default");
    if (key && is_none(key))
        key = 0;
    if (nargs == 1) {
        Value best = extreme_of(vm, args[0], key, op);
        if (best || error_pending(vm))
            return best;
        return fallback ? incref(fallback) : raise_value(vm, "%s() iterable argument is empty", name);
    }
    if (fallback)
        return raise_type(vm, "Cannot specify a default for %s() with multiple positional arguments", name);
    Value best = 0, best_key = 0;
    for (size_t i = 0; i < nargs; i++) {
        Value item_key = key ? call1(vm, key, args[i]) : incref(args[i]);
        if (!item_key || !extreme_step(vm, &best, &best_key, incref(args[i]), item_key, op)) {
            decref(vm, best);
            decref(vm, best_key);
            return VALUE_ERROR;
        }
    }
    decref(vm, best_key);
    return best;
}

static Value iterate_max(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return extreme(vm, "max", args, nargs, kwnames, CMP_GT);
}

static Value iterate_min(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return extreme(vm, "min", args, nargs, kwnames, CMP_LT);
}

static Value iterate_sorted(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    static const char *const keywords[] = {"key", "reverse", NULL};
    if (nargs != 1)
        return raise_type(vm, "sorted expected 1 argument, got %u", nargs);
    Value list = list_from_iterable(vm, args[0]);
    if (!list)
        return VALUE_ERROR;
    Value key = keyword_argument(args, nargs, kwnames, "key");
    Value reverse = keyword_argument(args, nargs, kwnames, "reverse");
    int backwards = keywords_known(vm, "sort", kwnames, keywords) ? 0 : -1;
    if (backwards == 0 && reverse)
        backwards = truth(vm, reverse);
    if (backwards < 0 || !list_sort(vm, list, key && !is_none(key) ? key : 0, backwards)) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    return list;
}

const MethodSpec builtins_iterate_methods[] = {
    {"aiter", iterate_aiter, "async_iterable, /", "The asynchronous iterator of an object.", 0},
    {"all", iterate_all, "iterable, /", "True if every item is true, and for no items.", 0},
    {"anext", iterate_anext, "aiterator, default=<unset>, /",
     "An awaitable for the next item of an asynchronous iterator; the default, if given, stands in at its end.", 0},
    {"any", iterate_any, "iterable, /", "True if at least one item is true.", 0},
    {"iter", iterate_iter, "object, sentinel=<unset>, /",
     "The iterator of an object; with a sentinel, an iterator that calls the object until it returns the sentinel.",
     0},
    {"max", iterate_max, "*args, key=None, default=<unset>",
     "The largest item of an iterable, or the largest argument; key computes what is compared.", 0},
    {"min", iterate_min, "*args, key=None, default=<unset>",
     "The smallest item of an iterable, or the smallest argument; key computes what is compared.", 0},
    {"next", iterate_next, "iterator, default=<unset>, /",
     "The next item of an iterator; the default, if given, stands in at its end.", METHOD_RESUMES},
    {"sorted", iterate_sorted, "iterable, /, *, key=None, reverse=False",
     "A new list of the items of an iterable, the smallest first, or with reverse the largest; key computes what is "
     "compared.",
     METHOD_RAW},
    {"sum", iterate_sum, "iterable, /, start=0", "The sum of the items, and of start.", 0},
    {0},
};
