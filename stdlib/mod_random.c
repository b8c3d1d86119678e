/* _random: the Mersenne Twister MT19937 behind the random module. The sequences for a given seed, the state tuples
 * and the way a seed of any size is spread over the state are part of what scripts see, so they follow the published
 * generator (init_by_array, 53-bit doubles from two outputs) to the bit. */
#include "runtime/vm.h"

#include <time.h>
#include <unistd.h>

#define N 624
#define M 397

typedef struct Random {
    Object header;
    uint32_t index;
    uint32_t state[N];
} Random;

static Random *as_random(Value v) { return (Random *)as_obj(v); }

static void refill(uint32_t *mt) {
    for (int k = 0; k < N; k++) {
        uint32_t y = (mt[k] & 0x80000000u) | (mt[(k + 1) % N] & 0x7fffffffu);
        mt[k] = mt[(k + M) % N] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
}

static uint32_t next_word(Random *r) {
    if (r->index >= N) {
        refill(r->state);
        r->index = 0;
    }
    uint32_t y = r->state[r->index++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static void seed_with_word(Random *r, uint32_t seed) {
    r->state[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        r->state[i] = 1812433253u * (r->state[i - 1] ^ (r->state[i - 1] >> 30)) + i;
    r->index = N;
}

static void seed_with_array(Random *r, const uint32_t *key, size_t n) {
    seed_with_word(r, 19650218u);
    uint32_t *mt = r->state;
    uint32_t i = 1;
    size_t j = 0;
    for (size_t k = n > N ? n : N; k > 0; k--) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1664525u)) + key[j] + (uint32_t)j;
        if (++i >= N) {
            mt[0] = mt[N - 1];
            i = 1;
        }
        if (++j >= n)
            j = 0;
    }
    for (int k = N - 1; k > 0; k--) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i >= N) {
            mt[0] = mt[N - 1];
            i = 1;
        }
    }
    mt[0] = 0x80000000u;
}

static void seed_from_system(Random *r) {
    uint32_t key[N];
    for (size_t at = 0; at < sizeof key; at += 208) { /* getentropy gives at most 256 bytes; 2496 = 12 * 208 */
        if (getentropy((char *)key + at, 208) != 0) {
            struct timespec now[2];
            clock_gettime(CLOCK_REALTIME, &now[0]);
            clock_gettime(CLOCK_MONOTONIC, &now[1]);
            uint32_t words[5] = {(uint32_t)now[0].tv_nsec, (uint32_t)now[0].tv_sec, (uint32_t)getpid(),
                                 (uint32_t)now[1].tv_nsec, (uint32_t)now[1].tv_sec};
            seed_with_array(r, words, 5);
            return;
        }
    }
    seed_with_array(r, key, N);
}

static bool seed_with_int(VM *vm, Random *r, Value v) {
    IntView a;
    int_view(v, &a);
    if (a.n <= 1) {
        uint64_t w = a.n ? a.limbs[0] : 0;
        uint32_t key[2] = {(uint32_t)w, (uint32_t)(w >> 32)};
        seed_with_array(r, key, key[1] ? 2 : 1);
        return true;
    }
    size_t n = a.n * 2;
    uint32_t *key = mem_alloc(vm, n * sizeof *key);
    if (!key)
        return false;
    for (size_t i = 0; i < n; i++)
        key[i] = (uint32_t)(a.limbs[i / 2] >> i % 2 * 32);
    seed_with_array(r, key, key[n - 1] ? n : n - 1);
    mem_free(vm, key, n * sizeof *key);
    return true;
}

static bool seed_with_value(VM *vm, Value self, Value v) {
    if (!v || is_none(v)) {
        seed_from_system(as_random(self));
        return true;
    }
    if (is_int(v))
        return seed_with_int(vm, as_random(self), v);
    int64_t hash;
    if (!hash_value(vm, v, &hash))
        return false;
    Value n = int_from_uint64(vm, (uint64_t)hash);
    bool ok = n != VALUE_ERROR && seed_with_int(vm, as_random(self), n);
    decref(vm, n);
    return ok;
}

static Value random_seed(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return seed_with_value(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value random_random(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    uint32_t a = next_word(as_random(self)) >> 5, b = next_word(as_random(self)) >> 6;
    return from_double((a * 67108864.0 + b) * (1.0 / 9007199254740992.0));
}

static Value random_getrandbits(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value index = to_index(vm, args[0]);
    if (index == VALUE_ERROR)
        return VALUE_ERROR;
    uint64_t k = 0;
    int sign = int_sign(index);
    bool fits = sign >= 0 && int_fits_uint64(index, &k) && k <= INT32_MAX;
    decref(vm, index);
    if (sign < 0)
        return raise_value(vm, "number of bits must be non-negative");
    if (!fits)
        return raise_overflow(vm, "Python int too large to convert to C int");
    Random *r = as_random(self);
    if (k == 0)
        return from_small_int(0);
    if (k <= 32)
        return from_small_int((int64_t)(next_word(r) >> (32 - k)));
    size_t words = (k - 1) / 32 + 1, n = (words + 1) / 2;
    Int *result = int_alloc(vm, n);
    if (!result)
        return VALUE_ERROR;
    for (size_t i = 0; i < words; i++, k -= 32) {
        uint64_t w = next_word(r);
        if (k < 32)
            w >>= 32 - k;
        result->limbs[i / 2] |= w << i % 2 * 32;
    }
    return int_finish(vm, result, n, false);
}

static Value random_getstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value state = tuple_new(vm, N + 1);
    if (state == VALUE_ERROR)
        return VALUE_ERROR;
    Random *r = as_random(self);
    for (size_t i = 0; i < N; i++)
        as_tuple(state)->items[i] = from_small_int(r->state[i]);
    as_tuple(state)->items[N] = from_small_int(r->index);
    return state;
}

static Value random_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_tuple(args[0]))
        return raise_type(vm, "state vector must be a tuple");
    if (as_tuple(args[0])->len != N + 1)
        return raise_value(vm, "state vector is the wrong size");
    uint32_t state[N + 1];
    for (size_t i = 0; i <= N; i++) {
        Value item = as_tuple(args[0])->items[i];
        uint64_t word;
        if (!is_int(item))
            return raise_type(vm, "'%T' object cannot be interpreted as an integer", item);
        if (int_sign(item) < 0)
            return raise_overflow(vm, "can't convert negative value to unsigned int");
        if (!int_fits_uint64(item, &word))
            return raise_overflow(vm, "Python int too large to convert to C unsigned long");
        state[i] = (uint32_t)word;
    }
    if (state[N] > N)
        return raise_value(vm, "invalid state");
    memcpy(as_random(self)->state, state, N * sizeof *state);
    as_random(self)->index = state[N];
    return VALUE_NONE;
}

static Value random_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Random *r = object_alloc(vm, type, 0);
    if (!r)
        return VALUE_ERROR;
    r->index = N;
    return from_obj(r);
}

static bool random_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "Random() takes no keyword arguments");
    if (nargs > 1)
        return raise_type(vm, "Random() requires 0 or 1 argument");
    return seed_with_value(vm, self, nargs ? args[0] : 0);
}

static const MethodSpec random_methods[] = {
    {"random", random_random, "", "random() -> a float of 53 random bits, 0.0 <= x < 1.0.", 0},
    {"seed", random_seed, "n=None, /", "Start the sequence that belongs to n; None takes a seed from the system.", 0},
    {"getstate", random_getstate, "", "Return the generator's state as a tuple for setstate().", 0},
    {"setstate", random_setstate, "state, /", "Continue the sequence from a state that getstate() gave.", 0},
    {"getrandbits", random_getrandbits, "k, /", "Return a non-negative integer of k random bits.", 0},
    {0},
};

static const TypeSpec random_spec = {
    .name = "_random.Random",
    .doc = "Random() -> a Mersenne Twister random number generator of its own.",
    .size = sizeof(Random),
    .flags = TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.create = random_create, .init = random_init},
    .methods = random_methods,
};

bool mod_random_init(VM *vm, Value module);
bool mod_random_init(VM *vm, Value module) {
    Type *type = vm_type(vm, &random_spec, NULL);
    return type && module_add(vm, module, "Random", incref(type_value(type)));
}
