/* How far runs go beyond a budget of time: `make bench-budget`.
 *
 * Each script is busy for ever. It is resumed again and again with 100 us; what the call took beyond that is its
 * overrun. Stretches in which the system, or the host of a virtual machine, took the processor away are left out, and
 * counted, as they tell of the machine. What still remains of its noise shows in the last column: between any two
 * samples a loop in C does nothing but look at the clock until the same time has passed. A second table is of single
 * operations that never come back by themselves, or late: they cannot be paused, and the hard limit ends them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cove.h>

enum { BUDGET_US = 100, HARD_US = 2000, SAMPLES = 3000, FEW = 20, TAKEN_US = 5 };

typedef struct Script {
    const char *name, *text;
} Script;

static const Script busy[] = {
    {"loop", "i = 0\nwhile True: i += 1\n"},
    {"calls", "def f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nwhile True: f(15)\n"},
    {"methods",
     "class C:\n    def __init__(self): self.n = 0\n    def m(self, k): self.n += k\nc = C()\nwhile True: c.m(3)\n"},
    {"generators", "def g(n):\n    for i in range(n): yield i\nwhile True:\n    for x in g(100): pass\n"},
    {"floats", "x = 0.5\nwhile True:\n    x = x * 3.7 * (1 - x)\n"},
    {"text", "while True:\n    s = ''\n    for i in range(300): s += str(i)\n    s.upper().replace('1', 'one')\n"},
    {"f-strings", "i = 0\nwhile True:\n    i += 1\n    s = f'{i:08d} {i!r} {i / 7:.3f}'\n"},
    {"comprehension", "while True: x = [i * i for i in range(1000) if i % 3]\n"},
    {"list", "while True:\n    x = list(range(1000))\n    x.extend(x)\n    x.reverse()\n    y = x[::2] + x[5:]\n"},
    {"sort", "import random\nr = random.Random(1)\nx = [r.random() for i in range(500)]\nwhile True: sorted(x)\n"},
    {"sort with key", "x = [str(i * 7919 % 501) for i in range(60)]\nwhile True: sorted(x, key=len)\n"},
    {"dict", "while True:\n    d = {}\n    for i in range(500): d[str(i)] = i\n    e = {**d}\n    sum(e.values())\n"},
    {"set", "a = set(range(1000))\nwhile True: b = a & set(range(500, 1500)) | a\n"},
    {"join, split", "words = [str(i) for i in range(500)]\nwhile True: ','.join(words).split(',')\n"},
    {"bytes", "b = bytes(range(256)) * 20\nwhile True: b.replace(b'a', b'bc').hex()\n"},
    {"big integers", "n = 3 ** 2000\nwhile True: m = n * n % (n - 1)\n"},
    {"decimal text", "sys = __import__('sys')\nn = 7 ** 1000\nwhile True: int(str(n))\n"},
    {"regex", "import re\np = re.compile(r'(\\w+)@(\\w+)\\.com')\nt = 'ann@example.com, bob at work ' * 20\n"
              "while True: p.findall(t)\n"},
    {"json", "import json\nd = {'a': [1, 2.5, None, True] * 10, 'b': {'c': 'text' * 10}}\n"
             "while True: json.loads(json.dumps(d))\n"},
    {"exceptions", "while True:\n    try: [][1]\n    except IndexError as e: pass\n"},
    {"zip, map, filter", "while True: list(zip(map(abs, range(300)), filter(None, range(300))))\n"},
    {"mixed",
     "words = {}\ntext = 'the quick brown fox jumps over the lazy dog ' * 5\nwhile True:\n"
     "    for w in text.split(): words[w] = words.get(w, 0) + 1\n    sorted(words.items(), key=lambda p: p[1])\n"},
};

/* Of many objects, which end together or are looked at by collections. */
static const Script large[] = {
    {"drop lists", "while True:\n    x = [[i] for i in range(100000)]\n    x = None\n"},
    {"drop texts", "while True:\n    x = [str(i) for i in range(100000)]\n    x = None\n"},
    {"drop a chain", "while True:\n    x = None\n    for i in range(100000): x = [x]\n"},
    {"drop a dict", "while True:\n    x = {i: [i] for i in range(100000)}\n    x = None\n"},
    {"clear a list", "while True:\n    x = [[i] for i in range(100000)]\n    x.clear()\n"},
    {"few cycles", "x = [[i] for i in range(100000)]\nwhile True:\n    y = []\n    y.append(y)\n"},
    {"a growing cycle", "x = []\nwhile True:\n    x.append([x])\n    if len(x) > 200000: x = []\n"},
};

static const Script long_ones[] = {
    {"str.join", "','.join(['word'] * 10**7)"},
    {"str repeat", "'ab' * (4 * 10**8)"},
    {"str.replace", "('ab' * 10**7).replace('a', 'xyz')"},
    {"str.split", "('ab ' * 10**7).split()"},
    {"str.count", "('ab' * 10**8).count('ba')"},
    {"str.find", "('a' * 10**8).find('a' * 50 + 'b')"},
    {"list()", "list(range(10**8))"},
    {"list repeat", "[0] * 10**8"},
    {"list.extend", "x = [0] * 10**6\nwhile True: x.extend(x)"},
    {"slice", "x = [0] * 10**7\nfor i in range(100): x[::2]"},
    {"sum", "sum(range(10**9))"},
    {"min", "min(range(10**9))"},
    {"in list", "'a' in [0.5] * 10**8"},
    {"list.count", "([1] * 10**8).count('a')"},
    {"list ==", "[0] * 10**8 == [0.0] * 10**8"},
    {"sorted", "import random\nsorted(map(hash, map(str, range(10**7))))"},
    {"list.sort", "x = [i * 7919 % 1000003 for i in range(10**6)]\nx.sort()\nx.sort(key=str)"},
    {"zip", "for x in zip(*[iter(range(10**8))] * 10**6): pass"},
    {"map", "list(map(abs, range(10**8)))"},
    {"filter", "list(filter(bool, __import__('itertools').repeat(0)))"},
    {"set()", "set(range(10**8))"},
    {"set union", "s = set(range(10**6))\nt = set(range(10**6, 3 * 10**6))\nwhile True: s | t"},
    {"dict()", "dict.fromkeys(range(10**8))"},
    {"dict.update", "d = dict.fromkeys(range(10**6))\nwhile True: e = {}; e.update(d)"},
    {"dict copy", "d = dict.fromkeys(range(3 * 10**6))\nwhile True: d.copy()"},
    {"deque", "__import__('collections').deque(range(10**8))"},
    {"deque.rotate", "d = __import__('collections').deque(range(10**6))\nd.rotate(500000)\nd.remove(7)\nd *= 1000"},
    {"big multiply", "n = 3 ** 1000000\nwhile True: n *= n"},
    {"big power", "3 ** 10**8"},
    {"big modular power", "pow(3, 7 ** 20000, 7 ** 20001)"},
    {"big shift", "1 << 10**9"},
    {"big divide", "n = 1 << 10**8\nn // 3 ** 10**6"},
    {"big to text", "__import__('sys').set_int_max_str_digits(0)\nstr(3 ** 5000000)"},
    {"big from text", "__import__('sys').set_int_max_str_digits(0)\nint('7' * 10**7)"},
    {"factorial", "__import__('math').factorial(10**6)"},
    {"comb", "__import__('math').comb(10**6, 500000)"},
    {"isqrt", "__import__('math').isqrt(7 ** 4000000)"},
    {"regex", "__import__('re').match('(a+)+$', 'a' * 40 + 'b')"},
    {"regex search", "__import__('re').findall('(x+x+)+y', 'x' * 10**6)"},
    {"json", "__import__('json').dumps([[1, 2, 3]] * 10**6)"},
    {"json.loads", "__import__('json').loads('[' + '1,' * 10**7 + '1]')"},
    {"pickle", "__import__('pickle').dumps([[1, 2, i] for i in range(1000)] * 10**4)"},
    {"repr", "repr([1.5] * 10**7)"},
    {"format", "'%0*d' % (4 * 10**8, 1)"},
    {"encode", "('\\u20ac' * 10**8).encode('utf-16')"},
    {"translate", "('ab' * 10**7).translate({97: 'xyz'})"},
    {"upper", "('ab\\xdf' * 10**7).upper()"},
    {"bytes.replace", "(b'ab' * 10**7).replace(b'a', b'xyz')"},
    {"bytes.hex", "bytes(10**8).hex()"},
    {"hash of a tuple", "t = ()\nfor i in range(60): t = (t, t)\nhash(t)"},
    {"compare tuples", "t = u = ()\nfor i in range(60): t = (t, t); u = (u, u)\nt == u"},
    {"permutations", "sum(1 for p in __import__('itertools').permutations(range(50)))"},
    {"product", "__import__('collections').deque(__import__('itertools').product(range(100), repeat=9), maxlen=0)"},
    {"islice", "next(__import__('itertools').islice(__import__('itertools').count(), 10**12, None))"},
    {"compile", "compile('x = 1\\n' * 10**6, 'f', 'exec')"},
    {"hashlib", "__import__('hashlib').sha256(bytes(10**9))"},
    {"pbkdf2", "__import__('hashlib').pbkdf2_hmac('sha256', b'a', b'b', 10**9)"},
    {"zlib", "__import__('zlib').compress(bytes(10**9))"},
    {"crc32", "__import__('zlib').crc32(bytes(10**9))"},
    {"sleep", "import asyncio\nasyncio.run(asyncio.sleep(3))"},
    {"waiting", "import threading\nthreading.Event().wait(3)"},
};

static double clock_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
static double now_us(void) { return clock_us(CLOCK_MONOTONIC); }

/* A stretch of time, and what the thread itself has had of it. */
typedef struct Stretch {
    double start, cpu;
    struct rusage usage;
} Stretch;

static Stretch stretch_begin(void) {
    Stretch s;
    getrusage(RUSAGE_THREAD, &s.usage);
    s.cpu = clock_us(CLOCK_THREAD_CPUTIME_ID);
    s.start = now_us();
    return s;
}

/* False if the processor was taken away meanwhile; a thread that waits gives it away itself. */
static bool stretch_end(const Stretch *s, double *took) {
    *took = now_us() - s->start;
    double cpu = clock_us(CLOCK_THREAD_CPUTIME_ID) - s->cpu;
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    bool waited = usage.ru_nvcsw != s->usage.ru_nvcsw;
    return waited || (usage.ru_nivcsw == s->usage.ru_nivcsw && *took - cpu < TAKEN_US);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct Overruns {
    double us[SAMPLES];
    int n, left_out;
} Overruns;

static void overrun_add(Overruns *o, const Stretch *s) {
    double took;
    if (stretch_end(s, &took) && o->n < SAMPLES)
        o->us[o->n++] = took - BUDGET_US;
    else
        o->left_out++;
}

static double percentile(Overruns *o, int percent) {
    qsort(o->us, (size_t)o->n, sizeof *o->us, ascending);
    return o->us[percent == 100 ? o->n - 1 : o->n * percent / 100];
}

static void look_at_the_clock(void) {
    double end = now_us() + BUDGET_US;
    while (now_us() < end) {
    }
}

static void measure_busy(const Script *s, double *worst) {
    static Overruns script, machine;
    script.n = script.left_out = machine.n = machine.left_out = 0;
    cove_vm *vm = cove_create(NULL);
    cove_run *run = cove_run_source(vm, s->text, s->name, cove_absent());
    cove_budget budget = {.microseconds = BUDGET_US};
    enum cove_run_state state = run == NULL ? COVE_RUN_FAILED : COVE_RUN_PAUSED;
    for (int i = 0; i < FEW && state == COVE_RUN_PAUSED; i++)
        state = cove_run_resume(run, &budget, cove_absent(), NULL);
    while (state == COVE_RUN_PAUSED && script.n < SAMPLES && script.left_out < 10 * SAMPLES) {
        Stretch stretch = stretch_begin();
        state = cove_run_resume(run, &budget, cove_absent(), NULL);
        overrun_add(&script, &stretch);
        stretch = stretch_begin();
        look_at_the_clock();
        overrun_add(&machine, &stretch);
    }
    if (state != COVE_RUN_PAUSED) {
        printf("%-18s ended: %s", s->name, cove_error_report(vm));
    } else {
        double p99 = percentile(&script, 99);
        *worst = p99 > *worst ? p99 : *worst;
        printf("%-18s %8.1f %8.1f %8.1f %8d %10.1f\n", s->name, percentile(&script, 50), p99,
               percentile(&script, 100), script.left_out, percentile(&machine, 99));
    }
    cove_run_free(run);
    cove_destroy(vm);
}

/* The longest that an attempt held the host; a script that ends in time says so. */
static void measure_long(const Script *s, double *worst) {
    cove_config config = cove_config_default();
    config.memory_limit = (size_t)2 << 30;
    config.grants = COVE_GRANT_ALL;
    cove_vm *vm = cove_create(&config);
    cove_run *run = cove_run_source(vm, s->text, s->name, cove_absent());
    cove_budget budget = {.microseconds = BUDGET_US, .hard_microseconds = HARD_US};
    double longest = 0;
    enum cove_run_state state = COVE_RUN_PAUSED;
    int stretches = 0;
    while (run != NULL && state == COVE_RUN_PAUSED && stretches++ < 20000) {
        double start = now_us();
        state = cove_run_resume(run, &budget, cove_absent(), NULL);
        double took = now_us() - start;
        longest = took > longest ? took : longest;
    }
    *worst = longest > *worst ? longest : *worst;
    char how[40];
    snprintf(how, sizeof how, "%s",
             state == COVE_RUN_PAUSED     ? "paused all the time"
             : state == COVE_RUN_FINISHED ? "finished"
                                          : cove_error_type(vm));
    double start = now_us();
    cove_run_free(run);
    cove_destroy(vm);
    printf("%-18s %10.0f  %-20s end of the VM %.0f\n", s->name, longest, how, now_us() - start);
}

static void measure_all_busy(const Script *scripts, size_t n, const char *only) {
    double worst = 0;
    printf("overrun of %d us, in us   p50      p99      max  left out    C loop\n", BUDGET_US);
    for (size_t i = 0; i < n; i++)
        if (strstr(scripts[i].name, only))
            measure_busy(&scripts[i], &worst);
    printf("worst p99: %.1f us\n\n", worst);
}

int main(int argc, char **argv) {
    double worst = 0;
    const char *only = argc > 1 ? argv[1] : "";
    measure_all_busy(busy, sizeof busy / sizeof *busy, only);
    measure_all_busy(large, sizeof large / sizeof *large, only);
    printf("longest stretch under a hard limit of %d us\n", HARD_US);
    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++)
        if (strstr(long_ones[i].name, only)) {
            fflush(stdout);
            measure_long(&long_ones[i], &worst);
        }
    printf("worst: %.0f us\n", worst);
    return 0;
}
