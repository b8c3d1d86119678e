/* Sorting: a stable, adaptive merge sort that takes advantage of runs already in order (timsort, with the merge order
 * of powersort: Munro and Wild, "Nearly-Optimal Mergesorts").
 *
 * The vector is taken out of the list while it is sorted, so that a comparison that runs a script can neither see nor
 * damage a half-sorted list. At every moment the vector and the temporary copy of one run hold each item exactly once
 * between them; a failing comparison only ends the merge, which then puts the rest back. With a key function two
 * vectors are moved in step: the keys, which are compared, and the items.
 *
 * What the keys are is looked at beforehand: numbers and strings are compared in line, and only the limits of a host
 * can end that.
 */
#include "object/containers.h"
#include "runtime/limits.h"

#define RUNS_MAX 85
#define GALLOP_MIN 7
#define SHORT_TEMP 256

typedef enum KeyKind { KEYS_INT, KEYS_NUMBER, KEYS_STR, KEYS_TUPLE, KEYS_ANY } KeyKind;

typedef struct Run {
    size_t start, len;
    int power; /* depth in the merge tree of the boundary to the next run */
} Run;

typedef struct Sorter {
    VM *vm;
    KeyKind kind;
    Value *k, *v;    /* keys, and items where those are apart from the keys */
    Value *tk, *tv;  /* room for one run */
    size_t temp_cap; /* in words, both halves together */
    size_t n, gallop;
    size_t nruns;
    Run runs[RUNS_MAX];
    Value short_temp[SHORT_TEMP];
} Sorter;

static ALWAYS_INLINE double number(Value v) { return is_small_int(v) ? (double)as_small_int(v) : as_double(v); }

static bool str_less(const Str *a, const Str *b) {
    size_t n = a->nbytes < b->nbytes ? a->nbytes : b->nbytes;
    int order = memcmp(a->data, b->data, n); /* bytes of UTF-8 order as the code points do */
    return order ? order < 0 : a->nbytes < b->nbytes;
}

static NOINLINE int any_less(VM *vm, Value a, Value b) {
    if (both_small_int(a, b))
        return as_small_int(a) < as_small_int(b);
    if (has_exact_kind(a, KIND_STR) && has_exact_kind(b, KIND_STR))
        return str_less(as_str(a), as_str(b));
    return compare_bool(vm, a, b, CMP_LT);
}

static NOINLINE int tuple_less(VM *vm, Value a, Value b) {
    Tuple *x = as_tuple(a), *y = as_tuple(b);
    for (size_t i = 0; i < x->len && i < y->len; i++) {
        int equal = equal_fast(vm, x->items[i], y->items[i]);
        if (equal < 0)
            return -1;
        if (!equal)
            return any_less(vm, x->items[i], y->items[i]);
    }
    return x->len < y->len;
}

/* a < b: 1, 0, -1. */
static ALWAYS_INLINE int less(Sorter *s, Value a, Value b) {
    switch (s->kind) {
    case KEYS_INT:
        return as_small_int(a) < as_small_int(b);
    case KEYS_NUMBER:
        return number(a) < number(b);
    case KEYS_STR:
        return str_less(as_str(a), as_str(b));
    case KEYS_TUPLE:
        return tuple_less(s->vm, a, b);
    default:
        return any_less(s->vm, a, b);
    }
}

static KeyKind classify(const Value *k, size_t n) {
    Value all = VALUE_INT_TAG;
    for (size_t i = 0; i < n; i++)
        all &= k[i];
    if (all >= VALUE_INT_TAG)
        return KEYS_INT;
    size_t i = 0;
    if (!is_obj(k[0])) {
        while (i < n && (is_double(k[i]) || is_small_int(k[i])))
            i++;
        return i == n ? KEYS_NUMBER : KEYS_ANY;
    }
    Kind kind = as_obj(k[0])->kind;
    if (kind != KIND_STR && kind != KIND_TUPLE)
        return KEYS_ANY;
    while (i < n && has_exact_kind(k[i], kind))
        i++;
    return i < n ? KEYS_ANY : kind == KIND_STR ? KEYS_STR : KEYS_TUPLE;
}

static void move_up(Sorter *s, size_t from, size_t n) { /* by one place */
    memmove(s->k + from + 1, s->k + from, n * sizeof(Value));
    if (s->v)
        memmove(s->v + from + 1, s->v + from, n * sizeof(Value));
}

static void move_range(Sorter *s, size_t to, size_t from, size_t n) {
    memmove(s->k + to, s->k + from, n * sizeof(Value));
    if (s->v)
        memmove(s->v + to, s->v + from, n * sizeof(Value));
}

static void to_temp(Sorter *s, size_t from, size_t n) {
    memcpy(s->tk, s->k + from, n * sizeof(Value));
    if (s->v)
        memcpy(s->tv, s->v + from, n * sizeof(Value));
}

static void from_temp(Sorter *s, size_t to, size_t from, size_t n) {
    memcpy(s->k + to, s->tk + from, n * sizeof(Value));
    if (s->v)
        memcpy(s->v + to, s->tv + from, n * sizeof(Value));
}

static ALWAYS_INLINE void put(Sorter *s, size_t to, size_t from) {
    s->k[to] = s->k[from];
    if (s->v)
        s->v[to] = s->v[from];
}

static ALWAYS_INLINE void put_temp(Sorter *s, size_t to, size_t from) {
    s->k[to] = s->tk[from];
    if (s->v)
        s->v[to] = s->tv[from];
}

static void reverse_values(Value *a, size_t n) {
    for (size_t i = 0, j = n; i + 1 < j; i++) {
        j--;
        Value x = a[i];
        a[i] = a[j];
        a[j] = x;
    }
}

/* Sorts [start, start + n) of which the first `sorted` are in order, by binary insertion. */
static bool insertion_sort(Sorter *s, size_t start, size_t n, size_t sorted) {
    for (size_t i = start + sorted; i < start + n; i++) {
        if (unlikely(!limits_allow(s->vm)))
            return false;
        Value key = s->k[i], item = s->v ? s->v[i] : 0;
        size_t low = start, high = i;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int r = less(s, key, s->k[middle]);
            if (r < 0)
                return false;
            if (r)
                high = middle;
            else
                low = middle + 1;
        }
        move_up(s, low, i - low);
        s->k[low] = key;
        if (s->v)
            s->v[low] = item;
    }
    return true;
}

static void reverse_range(Sorter *s, size_t from, size_t to) {
    reverse_values(s->k + from, to - from);
    if (s->v)
        reverse_values(s->v + from, to - from);
}

/* First position from i on whose key is smaller than the one before it, or end; 0: error. */
static size_t while_rising(Sorter *s, size_t i, size_t end) {
    for (; i < end; i++) {
        int r = limits_allow(s->vm) ? less(s, s->k[i], s->k[i - 1]) : -1;
        if (r)
            return r < 0 ? 0 : i;
    }
    return end;
}

/* Length of the run that begins at start; 0: error. A run either never falls, or never rises and is then turned
 * round; neighbours that are equal in the latter are turned round beforehand, so that they come out in their old
 * order. */
static size_t find_run(Sorter *s, size_t start, size_t end) {
    if (end - start < 2)
        return end - start;
    size_t i = while_rising(s, start + 1, end), ties = 0;
    if (i == 0)
        return 0;
    if (i == end)
        return i - start;
    if (i > start + 1) {
        int rose = less(s, s->k[start], s->k[i - 1]);
        if (rose)
            return rose < 0 ? 0 : i - start;
        reverse_range(s, start, i);
    }
    for (i++; i < end; i++) {
        int falls = limits_allow(s->vm) ? less(s, s->k[i], s->k[i - 1]) : -1;
        if (falls < 0)
            return 0;
        if (falls) {
            if (ties)
                reverse_range(s, i - ties - 1, i);
            ties = 0;
            continue;
        }
        int rises = less(s, s->k[i - 1], s->k[i]);
        if (rises < 0)
            return 0;
        if (rises)
            break;
        ties++;
    }
    if (ties)
        reverse_range(s, i - ties - 1, i);
    reverse_range(s, start, i);
    i = while_rising(s, i, end);
    return i ? i - start : 0;
}

/* How many of the n sorted keys at a are below key (right: not above it), looking near `hint` first: doubling steps
 * away from it, then a binary search in the last step. -1 on error. */
static ALWAYS_INLINE ssize_t gallop(Sorter *s, Value key, const Value *a, ssize_t n, ssize_t hint, bool right) {
    ssize_t low, high; /* a[low] is before key (or low is -1), a[high] is not (or high is n) */
    int r = right ? less(s, key, a[hint]) : less(s, a[hint], key);
    if (r < 0)
        return -1;
    bool up = right ? !r : r;
    ssize_t step = 1;
    low = high = hint;
    if (up) {
        for (high = hint + step; high < n; high = hint + step) {
            r = right ? less(s, key, a[high]) : less(s, a[high], key);
            if (r < 0)
                return -1;
            if (right ? r : !r)
                break;
            low = high;
            step = step * 2 + 1;
            if (step <= 0 || step > n)
                step = n;
        }
        if (high > n)
            high = n;
    } else {
        for (low = hint - step; low >= 0; low = hint - step) {
            r = right ? less(s, key, a[low]) : less(s, a[low], key);
            if (r < 0)
                return -1;
            if (right ? !r : r)
                break;
            high = low;
            step = step * 2 + 1;
            if (step <= 0 || step > n)
                step = n;
        }
        if (low < -1)
            low = -1;
    }
    while (high - low > 1) {
        ssize_t middle = low + (high - low) / 2;
        r = right ? less(s, key, a[middle]) : less(s, a[middle], key);
        if (r < 0)
            return -1;
        if (right ? !r : r)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static NOINLINE ssize_t gallop_left(Sorter *s, Value key, const Value *a, size_t n, size_t hint) {
    return gallop(s, key, a, (ssize_t)n, (ssize_t)hint, false);
}

static NOINLINE ssize_t gallop_right(Sorter *s, Value key, const Value *a, size_t n, size_t hint) {
    return gallop(s, key, a, (ssize_t)n, (ssize_t)hint, true);
}

static void free_temp(Sorter *s) {
    if (s->tk && s->tk != s->short_temp)
        mem_free(s->vm, s->tk, s->temp_cap * sizeof(Value));
    s->tk = NULL;
}

static size_t temp_room(const Sorter *s) { return s->v ? s->temp_cap / 2 : s->temp_cap; }

/* Room for n keys and their items. */
static bool need_temp(Sorter *s, size_t n) {
    if (n > temp_room(s)) {
        size_t words = s->v ? 2 * n : n;
        free_temp(s);
        s->temp_cap = 0;
        s->tk = mem_alloc(s->vm, words * sizeof(Value));
        if (!s->tk)
            return false;
        s->temp_cap = words;
        s->tv = s->tk + n;
    }
    return true;
}

/* Merges the runs [a, a + na) and [a + na, a + na + nb), the first being the shorter one, from the left. */
static bool merge_low(Sorter *s, size_t a, size_t na, size_t nb) {
    size_t ta = 0, b = a + na, to = a;
    to_temp(s, a, na);
    bool ok = true;
    put(s, to++, b++);
    nb--;
    while (nb && na > 1) {
        size_t wins_a = 0, wins_b = 0;
        do {
            int r = likely(limits_allow(s->vm)) ? less(s, s->k[b], s->tk[ta]) : -1;
            if (r < 0) {
                ok = false;
                goto out;
            }
            if (r) {
                put(s, to++, b++);
                wins_b++;
                wins_a = 0;
                if (--nb == 0)
                    goto out;
            } else {
                put_temp(s, to++, ta++);
                wins_a++;
                wins_b = 0;
                if (--na == 1)
                    goto out;
            }
        } while ((wins_a | wins_b) < s->gallop);
        s->gallop++;
        do { /* one run keeps winning: move whole stretches */
            s->gallop -= s->gallop > 1;
            ssize_t m = gallop_right(s, s->k[b], s->tk + ta, na, 0);
            if (m < 0) {
                ok = false;
                goto out;
            }
            wins_a = (size_t)m;
            from_temp(s, to, ta, wins_a);
            to += wins_a;
            ta += wins_a;
            na -= wins_a;
            if (na <= 1) /* 0 only if the comparison is inconsistent */
                goto out;
            put(s, to++, b++);
            if (--nb == 0)
                goto out;
            m = gallop_left(s, s->tk[ta], s->k + b, nb, 0);
            if (m < 0) {
                ok = false;
                goto out;
            }
            wins_b = (size_t)m;
            move_range(s, to, b, wins_b);
            to += wins_b;
            b += wins_b;
            nb -= wins_b;
            if (nb == 0)
                goto out;
            put_temp(s, to++, ta++);
            if (--na == 1)
                goto out;
        } while (wins_a >= GALLOP_MIN || wins_b >= GALLOP_MIN);
        s->gallop++;
    }
out:
    if (ok && na == 1 && nb) { /* the last of a belongs behind all of b */
        move_range(s, to, b, nb);
        put_temp(s, to + nb, ta);
    } else {
        from_temp(s, to, ta, na);
    }
    return ok;
}

/* The same from the right, the second run being the shorter one. Positions are one past the next item to take. */
static bool merge_high(Sorter *s, size_t start, size_t na, size_t nb) {
    size_t a = start + na, to = start + na + nb;
    to_temp(s, a, nb);
    bool ok = true;
    put(s, --to, --a);
    na--;
    while (na && nb > 1) {
        size_t wins_a = 0, wins_b = 0;
        do {
            int r = likely(limits_allow(s->vm)) ? less(s, s->tk[nb - 1], s->k[a - 1]) : -1;
            if (r < 0) {
                ok = false;
                goto out;
            }
            if (r) {
                put(s, --to, --a);
                wins_a++;
                wins_b = 0;
                if (--na == 0)
                    goto out;
            } else {
                put_temp(s, --to, --nb);
                wins_b++;
                wins_a = 0;
                if (nb == 1)
                    goto out;
            }
        } while ((wins_a | wins_b) < s->gallop);
        s->gallop++;
        do {
            s->gallop -= s->gallop > 1;
            ssize_t m = gallop_right(s, s->tk[nb - 1], s->k + start, na, na - 1);
            if (m < 0) {
                ok = false;
                goto out;
            }
            wins_a = na - (size_t)m;
            to -= wins_a;
            a -= wins_a;
            na -= wins_a;
            move_range(s, to, a, wins_a);
            if (na == 0)
                goto out;
            put_temp(s, --to, --nb);
            if (nb == 1)
                goto out;
            m = gallop_left(s, s->k[a - 1], s->tk, nb, nb - 1);
            if (m < 0) {
                ok = false;
                goto out;
            }
            wins_b = nb - (size_t)m;
            to -= wins_b;
            nb -= wins_b;
            from_temp(s, to, nb, wins_b);
            if (nb <= 1)
                goto out;
            put(s, --to, --a);
            if (--na == 0)
                goto out;
        } while (wins_a >= GALLOP_MIN || wins_b >= GALLOP_MIN);
        s->gallop++;
    }
out:
    if (ok && nb == 1 && na) { /* the first of b belongs before all of a */
        move_range(s, to - na, a - na, na);
        put_temp(s, to - na - 1, 0);
    } else {
        from_temp(s, to - nb, 0, nb);
    }
    return ok;
}

/* Merges the runs i and i + 1. */
static bool merge_at(Sorter *s, size_t i) {
    size_t a = s->runs[i].start, na = s->runs[i].len, b = s->runs[i + 1].start, nb = s->runs[i + 1].len;
    s->runs[i].len = na + nb;
    if (i + 3 == s->nruns)
        s->runs[i + 1] = s->runs[i + 2];
    s->nruns--;
    /* What is already in place at both ends takes no part. */
    ssize_t skip = gallop_right(s, s->k[b], s->k + a, na, 0);
    if (skip < 0)
        return false;
    a += (size_t)skip;
    na -= (size_t)skip;
    if (na == 0)
        return true;
    ssize_t keep = gallop_left(s, s->k[a + na - 1], s->k + b, nb, nb - 1);
    if (keep <= 0)
        return keep == 0;
    nb = (size_t)keep;
    if (!need_temp(s, na < nb ? na : nb))
        return false;
    return na <= nb ? merge_low(s, a, na, nb) : merge_high(s, a, na, nb);
}

/* Depth at which the boundary between two neighbouring runs stands in the balanced tree over the whole vector: the
 * first binary digit in which the midpoints of the runs, as fractions of n, differ. */
static int boundary_power(size_t start, size_t len1, size_t len2, size_t n) {
    size_t a = 2 * start + len1, b = a + len1 + len2; /* twice the midpoints */
    int power = 0;
    for (;;) {
        power++;
        bool bit_a = a >= n, bit_b = b >= n;
        if (bit_a != bit_b)
            return power;
        if (bit_a) {
            a -= n;
            b -= n;
        }
        a *= 2;
        b *= 2;
    }
}

static bool push_run(Sorter *s, size_t start, size_t len) {
    if (s->nruns) {
        Run *top = &s->runs[s->nruns - 1];
        int power = boundary_power(top->start, top->len, len, s->n);
        while (s->nruns > 1 && s->runs[s->nruns - 2].power > power) {
            if (!merge_at(s, s->nruns - 2))
                return false;
        }
        s->runs[s->nruns - 1].power = power;
    }
    s->runs[s->nruns++] = (Run){start, len, 0};
    return true;
}

static size_t shortest_run(size_t n) {
    size_t rest = 0;
    while (n >= 64) {
        rest |= n & 1;
        n >>= 1;
    }
    return n + rest;
}

static bool sort_runs(Sorter *s) {
    size_t least = shortest_run(s->n);
    for (size_t start = 0; start < s->n;) {
        size_t len = find_run(s, start, s->n), wanted = s->n - start < least ? s->n - start : least;
        if (len == 0)
            return false;
        if (len < wanted) {
            if (!insertion_sort(s, start, wanted, len))
                return false;
            len = wanted;
        }
        if (!push_run(s, start, len))
            return false;
        start += len;
    }
    while (s->nruns > 1) {
        size_t i = s->nruns - 2;
        if (i > 0 && s->runs[i - 1].len < s->runs[i + 1].len)
            i--;
        if (!merge_at(s, i))
            return false;
    }
    return true;
}

/* keys may be NULL: the items are their own keys. On failure the items are still all there, in some order. */
static bool sort_vectors(VM *vm, Value *keys, Value *items, size_t n, bool reverse) {
    if (n < 2)
        return true;
    Sorter s; /* not zeroed as a whole: it is large */
    s.vm = vm;
    s.k = keys ? keys : items;
    s.v = keys ? items : NULL;
    s.tk = s.short_temp;
    s.temp_cap = SHORT_TEMP;
    s.tv = s.short_temp + SHORT_TEMP / 2;
    s.n = n;
    s.gallop = GALLOP_MIN;
    s.nruns = 0;
    s.kind = classify(s.k, n);
    /* Equal items keep their order in a reversed sort as well: so sort the reversed vector and turn the result. */
    if (reverse) {
        reverse_values(s.k, n);
        if (s.v)
            reverse_values(s.v, n);
    }
    bool ok = sort_runs(&s);
    if (reverse) {
        reverse_values(s.k, n);
        if (s.v)
            reverse_values(s.v, n);
    }
    free_temp(&s);
    return ok;
}

bool sort_items(VM *vm, Value *items, size_t n, Value key, bool reverse) {
    if (!key)
        return sort_vectors(vm, NULL, items, n, reverse);
    Value *keys = mem_alloc(vm, n * sizeof(Value));
    if (!keys)
        return false;
    size_t made = 0;
    while (made < n) {
        Value k = call1(vm, key, items[made]);
        if (!k)
            break;
        keys[made++] = k;
    }
    bool ok = made == n && sort_vectors(vm, keys, items, n, reverse);
    for (size_t i = 0; i < made; i++)
        decref(vm, keys[i]);
    mem_free(vm, keys, n * sizeof(Value));
    return ok;
}

bool list_sort(VM *vm, Value list, Value key, bool reverse) {
    List *l = as_list(list);
    Value *items = l->items;
    size_t n = l->len, cap = l->cap;
    l->items = NULL;
    l->len = l->cap = 0;
    incref(list);
    bool ok = sort_items(vm, items, n, key, reverse);
    bool modified = l->items != NULL;
    Value *strange = l->items;
    size_t strange_len = l->len, strange_cap = l->cap;
    l->items = items;
    l->len = n;
    l->cap = cap;
    for (size_t i = 0; i < strange_len; i++)
        decref(vm, strange[i]);
    if (modified)
        mem_free(vm, strange, strange_cap * sizeof(Value));
    if (modified && ok)
        ok = raise_value(vm, "list modified during sort");
    decref(vm, list);
    return ok;
}
