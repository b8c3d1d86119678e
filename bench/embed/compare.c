/* The embedding API measured beside Lua's: make bench-embed. Each figure is the best of several rounds, in
 * nanoseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cove.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { ROUNDS = 15, CALLS = 100000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double best(double (*measure)(void *), void *arg) {
    double least = 1e18;
    for (int i = 0; i < ROUNDS; i++) {
        double d = measure(arg);
        least = d < least ? d : least;
    }
    return least;
}

static void show(const char *what, double cove, double lua) {
    printf("%-44s cove %9.1f ns   lua %9.1f ns   %.2f\n", what, cove, lua, cove / lua);
}

/* --- create and destroy ------------------------------------------------------------------------------------------
 */

static double cove_life(void *unused) {
    (void)unused;
    double start = now();
    for (int i = 0; i < 20; i++)
        cove_destroy(cove_create(NULL));
    return (now() - start) / 20;
}

static double lua_life(void *unused) {
    (void)unused;
    double start = now();
    for (int i = 0; i < 20; i++) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        lua_close(L);
    }
    return (now() - start) / 20;
}

/* --- from C into a script ----------------------------------------------------------------------------------------
 */

static double cove_into(void *p) {
    cove_vm *vm = p;
    cove_scope scope = cove_scope_open(vm);
    cove_value fn = cove_global(vm, "add"), args[2] = {cove_int(vm, 20), cove_int(vm, 22)};
    double start = now();
    for (int i = 0; i < CALLS; i++) {
        cove_scope turn = cove_scope_open(vm);
        args[0] = cove_call(vm, fn, args, 2);
        cove_scope_close(vm, turn);
    }
    double d = (now() - start) / CALLS;
    cove_scope_close(vm, scope);
    return d;
}

static double lua_into(void *p) {
    lua_State *L = p;
    double start = now();
    lua_Integer n = 20;
    lua_getglobal(L, "add");
    for (int i = 0; i < CALLS; i++) {
        lua_pushvalue(L, -1);
        lua_pushinteger(L, n);
        lua_pushinteger(L, 22);
        lua_call(L, 2, 1);
        n = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return (now() - start) / CALLS;
}

/* --- from a script into C ----------------------------------------------------------------------------------------
 */

static cove_value cove_inc(cove_vm *vm, const cove_call_info *call) {
    int64_t n;
    return cove_to_int(vm, call->args[0], &n) ? cove_int(vm, n + 1) : COVE_FAILED;
}

static int lua_inc(lua_State *L) {
    lua_pushinteger(L, luaL_checkinteger(L, 1) + 1);
    return 1;
}

static double cove_loop(void *p, const char *name) {
    cove_vm *vm = p;
    cove_scope scope = cove_scope_open(vm);
    double start = now();
    cove_call(vm, cove_global(vm, name), NULL, 0);
    double d = (now() - start) / CALLS;
    cove_scope_close(vm, scope);
    return d;
}

static double lua_loop(void *p, const char *name) {
    lua_State *L = p;
    double start = now();
    lua_getglobal(L, name);
    lua_call(L, 0, 0);
    return (now() - start) / CALLS;
}

static double cove_out(void *p) { return cove_loop(p, "calls"); }
static double cove_empty(void *p) { return cove_loop(p, "empty"); }
static double lua_out(void *p) { return lua_loop(p, "calls"); }
static double lua_empty(void *p) { return lua_loop(p, "empty"); }

/* --- resuming a generator ----------------------------------------------------------------------------------------
 */

static double cove_resume(void *p) {
    cove_vm *vm = p;
    cove_scope scope = cove_scope_open(vm);
    cove_value g = cove_call(vm, cove_global(vm, "gen"), NULL, 0), out;
    double start = now();
    for (int i = 0; i < CALLS; i++)
        cove_next(vm, g, &out);
    double d = (now() - start) / CALLS;
    cove_scope_close(vm, scope);
    return d;
}

static double lua_resuming(void *p) {
    lua_State *L = p, *co = lua_newthread(L);
    lua_getglobal(co, "gen");
    int n;
    double start = now();
    for (int i = 0; i < CALLS; i++) {
        lua_resume(co, L, 0, &n);
        lua_pop(co, n);
    }
    double d = (now() - start) / CALLS;
    lua_pop(L, 1);
    return d;
}

static const char cove_script[] = "def add(a, b): return a + b\n"
                                  "def calls():\n    f = inc\n    for i in range(100000): f(i)\n"
                                  "def empty():\n    f = inc\n    for i in range(100000): pass\n"
                                  "def gen():\n    i = 0\n    while True:\n        yield i\n        i += 1\n";
static const char lua_script[] = "function add(a, b) return a + b end\n"
                                 "function calls() local f = inc; for i = 1, 100000 do f(i) end end\n"
                                 "function empty() local f = inc; for i = 1, 100000 do end end\n"
                                 "function gen() local i = 0; while true do coroutine.yield(i); i = i + 1 end end\n";

int main(void) {
    static const cove_function_def inc = {"inc", cove_inc, "n, /", NULL, 0, NULL};
    cove_vm *vm = cove_create(NULL);
    cove_set_global(vm, "inc", cove_function(vm, &inc));
    if (!cove_exec(vm, cove_script, NULL)) {
        fputs(cove_error_report(vm), stderr);
        return 1;
    }
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushcfunction(L, lua_inc);
    lua_setglobal(L, "inc");
    if (luaL_dostring(L, lua_script))
        return 1;
    show("create and destroy, libraries included", best(cove_life, NULL), best(lua_life, NULL));
    show("call of add(int, int) from C", best(cove_into, vm), best(lua_into, L));
    show("call of a C function of one int from a script", best(cove_out, vm) - best(cove_empty, vm),
         best(lua_out, L) - best(lua_empty, L));
    show("resume of a generator from C", best(cove_resume, vm), best(lua_resuming, L));
    cove_stats stats = {.size = sizeof stats};
    cove_vm *fresh = cove_create(NULL);
    cove_get_stats(fresh, &stats);
    printf("%-44s cove %9.1f KiB\n", "memory of a new VM", (double)stats.memory / 1024);
    cove_destroy(fresh);
    cove_destroy(vm);
    lua_close(L);
    return 0;
}
