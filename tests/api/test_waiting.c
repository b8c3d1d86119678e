/* Waiting in a VM of a host: what ends it, and what becomes of it otherwise. */
#include "api_test.h"

#include <pthread.h>
#include <unistd.h>

/* What is dropped while the script is being stopped complains. */
static bool write_nothing(void *user, const char *text, size_t size) {
    (void)user, (void)text, (void)size;
    return true;
}

static int make_granted(void **state) {
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_ALL;
    config.write_error = write_nothing;
    *state = cove_create(&config);
    return *state == NULL;
}

static void *stop_soon(void *vm) {
    usleep(20000);
    cove_stop(vm);
    return NULL;
}

/* Whatever a script waits for, a host's thread can end it. */
static void test_stop_waiting(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "import fcntl, os, struct, subprocess, tempfile\n"
                "def fifo():\n"
                "    global path\n"
                "    with tempfile.TemporaryDirectory() as d:\n"
                "        os.mkfifo(d + '/fifo')\n"
                "        path = f\"/proc/self/fd/{os.open(d + '/fifo', os.O_PATH)}\"\n"
                "def two_files():\n"
                "    a = os.memfd_create('locked')\n"
                "    return a, os.open(f'/proc/self/fd/{a}', os.O_RDWR)\n"
                "a, b = two_files()\n"
                "def lock(command, fd):\n"
                "    fcntl.fcntl(fd, command, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 0, 0))\n"
                "end, other_end = os.pipe()\n"
                "os.set_inheritable(end, True)\n"
                "children = []\n"
                "for i in range(5):\n"
                "    pid = os.fork()\n"
                "    if pid == 0: os.close(other_end), os.read(end, 1), os._exit(0)\n"
                "    children.append(pid)\n"
                "child = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n");
    static const char *const waits[] = {
        "import time; time.sleep(60)",
        "import asyncio; asyncio.run(asyncio.sleep(60))",
        "import asyncio; asyncio.run(asyncio.Event().wait())",
        "import threading; threading.Event().wait(60)",
        "import queue; queue.Queue().get()",
        "import socket; a, b = socket.socketpair(); a.recv(1)",
        "import socket; a, b = socket.socketpair(); a.settimeout(60); a.recv(1)",
        "import select, socket; a, b = socket.socketpair(); select.select([a], [], [], 60)",
        "import select, socket; a, b = socket.socketpair(); p = select.poll(); p.register(a, 1); p.poll()",
        "import select, socket; a, b = socket.socketpair(); p = select.epoll(); p.register(a, 1); p.poll(60)",
        "import asyncio, selectors; loop = asyncio.SelectorEventLoop(selectors.SelectSelector())\n"
        "loop.run_until_complete(asyncio.sleep(60))",
        "import select; select.select([], [], [])",
        "import select; select.select([], [], [], 60)",
        "import select; select.poll().poll()",
        "import select; select.epoll().poll()",
        "import socket; a, b = socket.socketpair(); a.sendall(bytes(10**6))",
        "import socket; a, b = socket.socketpair(); a.send(bytes(10**6))",
        "import socket; a, b = socket.socketpair(); b.send(b'x'); a.recv(2, socket.MSG_WAITALL)",
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind(''); s.listen(0)\n"
        "all = [socket.socket(socket.AF_UNIX) for i in range(3)]\nfor a in all: a.connect(s.getsockname())",
        /* pipes and terminals */
        "import os; r, w = os.pipe(); os.read(r, 1)",
        "import os; r, w = os.pipe(); os.readv(r, [bytearray(1)])",
        "import os; r, w = os.pipe(); open(r, 'rb', 0).read(1)",
        "import os; r, w = os.pipe(); open(r, 'rb', 0).readall()",
        "import os; r, w = os.pipe(); open(r, 'rb', 0).readinto(bytearray(1))",
        "import os; r, w = os.pipe(); open(r).readline()",
        "import os; r, w = os.pipe(); os.write(w, bytes(10**6))",
        "import os; r, w = os.pipe(); os.writev(w, [b'x', bytes(10**6)])",
        "import os; r, w = os.pipe(); open(w, 'wb', 0).write(bytes(10**6))",
        "import os; r, w = os.pipe(); print('x' * 10**6, file=open(w, 'w'))",
        "import os; a, b = os.openpty(); os.read(b, 1)",
        "import os; a, b = os.openpty(); os.write(b, b'x\\n' * 10**6)",
        "import os; a = os.eventfd(0); os.eventfd_read(a)",
        "import os; a = os.eventfd(0); [os.eventfd_write(a, n) for n in (2**63 - 1, 2**63 - 1, 1)]",
        "import os; r, w = os.pipe(); f = os.open('/dev/zero', 0); os.sendfile(w, os.memfd_create('m'), 0, 9)\n"
        "os.write(w, bytes(65536)); os.sendfile(w, os.open('/proc/self/exe', 0), 0, 10**6)",
        "fifo(); open(path)",
        "fifo(); open(path, 'w')",
        "fifo(); os.open(path, os.O_RDONLY)",
        /* locks of files */
        "import os, fcntl; a, b = two_files(); fcntl.flock(a, fcntl.LOCK_EX); fcntl.flock(b, fcntl.LOCK_SH)",
        "lock(fcntl.F_OFD_SETLK, a); fcntl.lockf(b, fcntl.LOCK_EX)",
        "lock(fcntl.F_OFD_SETLK, a); lock(fcntl.F_OFD_SETLKW, b)",
        "lock(fcntl.F_OFD_SETLK, a); lock(fcntl.F_SETLKW, b)",
        "lock(fcntl.F_OFD_SETLK, a); os.lockf(b, os.F_LOCK, 0)",
        /* children */
        "child.stdout.read()",
        "os.waitpid(child.pid, 0)",
        "os.read(end, 1) if children else None", /* as they do, who must not hear of it */
        "os.waitpid(child.pid, os.WUNTRACED)",
        "os.wait()",
        "os.waitid(os.P_PID, child.pid, os.WEXITED)",
        "os.waitid(os.P_PID, child.pid, os.WEXITED | os.WSTOPPED)",
        "os.waitid(os.P_ALL, 0, os.WEXITED)",
        "os.system(f'cat <&{end}')",                               /* ends with the pipe */
        "subprocess.Popen(['cat'], stdin=subprocess.PIPE).wait()", /* ends with its pipe */
        "import multiprocessing; multiprocessing.Semaphore(0).acquire()",
        "import multiprocessing; multiprocessing.Semaphore(0).acquire(timeout=60)",
        "import multiprocessing; multiprocessing.Queue().get()",
        /* signals */
        "import signal; signal.sigwait([signal.SIGUSR1])",
        "import signal; signal.sigwaitinfo([signal.SIGUSR1])",
        "import signal; signal.sigtimedwait([signal.SIGUSR1], 60)",
        "import signal; signal.pause()",
    };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        pthread_t thread;
        double start = seconds();
        pthread_create(&thread, NULL, stop_soon, vm);
        bool ended = !cove_exec(vm, waits[i], NULL);
        double took = seconds() - start;
        pthread_join(thread, NULL);
        if (!ended)
            fail_msg("%s: not stopped", waits[i]);
        if (strcmp(cove_error_type(vm), "SystemExit") != 0)
            fail_msg("%s: %s", waits[i], cove_error_report(vm));
        if (took > 20)
            fail_msg("%s held the host for %f s", waits[i], took);
        cove_allow(vm);
        cove_run *run = cove_run_source(vm, waits[i], "waits", cove_absent());
        cove_budget budget = {.hard_microseconds = 20000};
        start = seconds();
        if (cove_run_resume(run, &budget, cove_absent(), NULL) != COVE_RUN_FAILED)
            fail_msg("%s: not ended", waits[i]);
        assert_string_equal(cove_error_type(vm), "SystemExit");
        if (seconds() - start > 20)
            fail_msg("%s held the host for %f s", waits[i], seconds() - start);
        cove_run_free(run);
    }
    exec_ok(vm, "for pid in children: os.kill(pid, 9), os.waitpid(pid, 0)\n");
    assert_string_equal(shown(vm, "os.close(other_end), child.stdin.close(), os.waitpid(child.pid, 0)[1]"),
                        "(None, None, 0)");
}

/* Nobody stops these: each wait ends by what it waits for, as in a program without a host. */
static const char *const undisturbed[] = {
    "import fcntl, os, select, signal, socket, struct, subprocess, tempfile, threading, time, multiprocessing\n"
    "def soon(fn, *args):\n"
    "    threading.Timer(0.01, fn, args).start()\n"
    "def refused(kind, fn, *args):\n"
    "    try: fn(*args)\n"
    "    except kind: return True\n"
    "data = os.urandom(300000)\n"
    "def through(write, r, w):\n" /* what a thread reads at the other end */
    "    got = []\n"
    "    t = threading.Thread(target=lambda: got.append(open(r, 'rb', buffering=0).readall()))\n"
    "    t.start()\n"
    "    n = write(w)\n"
    "    os.close(w)\n"
    "    t.join()\n"
    "    return n, got[0] == data\n"
    "whole = 300000, True\n",

    "r, w = os.pipe()\n"
    "soon(os.write, w, b'ab')\n"
    "assert os.read(r, 5) == b'ab' and os.read(r, 0) == b''\n"
    "assert refused(OSError, os.read, w, 1) and refused(OSError, os.write, r, b'x')\n"
    "os.set_blocking(r, False)\n"
    "os.set_blocking(w, False)\n"
    "assert refused(BlockingIOError, os.read, r, 1) and open(r, 'rb', 0, closefd=False).read(1) is None\n"
    "assert 0 < os.write(w, data) < 300000 and refused(BlockingIOError, os.write, w, b'x')\n"
    "assert open(w, 'wb', 0, closefd=False).write(b'x') is None\n",

    "assert through(lambda w: os.write(w, data), *os.pipe()) == whole\n"
    "parts = [b'', data[:1], b'', data[1:9], data[9:200000], data[200000:]]\n"
    "assert through(lambda w: os.writev(w, parts), *os.pipe()) == whole\n"
    "assert through(lambda w: open(w, 'wb', 0, closefd=False).write(data), *os.pipe()) == whole\n"
    "a, b = socket.socketpair()\n"
    "assert through(lambda w: os.writev(w, parts), a.detach(), b.detach()) == whole\n"
    "a, b = socket.socketpair()\n"
    "assert through(lambda w: a.send(data), b.detach(), a.fileno()) == whole and a.detach()\n"
    "a, b = socket.socketpair(type=socket.SOCK_DGRAM)\n"
    "assert os.write(a.fileno(), data[:20000]) == 20000 and len(b.recv(30000)) == 20000\n"
    "a, b = socket.socketpair()\n"
    "a.send(b'one')\n"
    "soon(a.send, b'two')\n"
    "assert b.recv(6, socket.MSG_WAITALL) == b'onetwo'\n",

    "a, b = os.openpty()\n"
    "got = []\n"
    "def terminal():\n"
    "    while sum(got) < 75000: got.append(len(os.read(a, 10**5)))\n"
    "t = threading.Thread(target=terminal)\n"
    "t.start()\n"
    "assert os.write(b, b'x\\n' * 25000) == 50000\n"
    "t.join()\n"
    "assert sum(got) == 75000\n"
    "soon(os.write, a, b'line\\n')\n"
    "assert open(b, buffering=1).readline() == 'line\\n'\n",

    "with tempfile.TemporaryDirectory() as folder:\n"
    "    path, got = folder + '/fifo', []\n"
    "    os.mkfifo(path)\n"
    "    def use(mode, action):\n"
    "        with open(path, mode) as f:\n"
    "            assert os.get_blocking(f.fileno())\n"
    "            got.append(action(f))\n"
    "    soon(use, 'w', lambda f: f.write('there'))\n"
    "    use('r', lambda f: f.read())\n"
    "    soon(use, 'r', lambda f: f.read())\n"
    "    use('w', lambda f: f.write('back'))\n"
    "    while len(got) < 4: time.sleep(0.001)\n"
    "    assert sorted(got, key=str) == [4, 5, 'back', 'there']\n",

    "a = os.memfd_create('locked')\n"
    "b = os.open(f'/proc/self/fd/{a}', os.O_RDWR)\n"
    "fcntl.flock(a, fcntl.LOCK_EX)\n"
    "assert refused(BlockingIOError, fcntl.flock, b, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    "soon(fcntl.flock, a, fcntl.LOCK_UN)\n"
    "fcntl.flock(b, fcntl.LOCK_EX)\n"
    "part = lambda kind: struct.pack('hhqqi', kind, 0, 0, 0, 0)\n"
    "for lock in lambda: fcntl.lockf(b, fcntl.LOCK_EX), lambda: os.lockf(b, os.F_LOCK, 0):\n"
    "    fcntl.fcntl(a, fcntl.F_OFD_SETLK, part(fcntl.F_WRLCK))\n"
    "    soon(fcntl.fcntl, a, fcntl.F_OFD_SETLK, part(fcntl.F_UNLCK))\n"
    "    lock()\n"
    "    fcntl.lockf(b, fcntl.LOCK_UN)\n",

    "def child(code=0):\n"
    "    global process\n"
    "    process = subprocess.Popen(['sh', '-c', f'read x; exit {code}'], stdin=subprocess.PIPE)\n"
    "    soon(process.stdin.close)\n"
    "    return process.pid\n"
    "try:\n"
    "    while True: os.wait()\n" /* what another VM of this process has left */
    "except ChildProcessError: pass\n"
    "p = child(3)\n"
    "assert os.waitpid(p, 0) == (p, 0x300) and refused(ChildProcessError, os.waitpid, p, 0)\n"
    "assert child(4) and process.wait() == 4\n"
    "p = child(5)\n"
    "assert os.wait() == (p, 0x500)\n"
    "for kind in os.P_PID, os.P_ALL:\n"
    "    p = child(6)\n"
    "    r = os.waitid(kind, p, os.WEXITED)\n"
    "    assert (r.si_pid, r.si_status) == (p, 6)\n"
    "assert os.system('exit 7') == 0x700 and os.system('kill -TERM $$') == 15\n"
    "assert refused(ChildProcessError, os.wait)\n"
    "assert subprocess.run('cat; echo b', shell=True, input=b'a', capture_output=True).stdout == b'ab\\n'\n",

    "me, USR1, USR2 = os.getpid(), signal.SIGUSR1, signal.SIGUSR2\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, [USR1])\n"
    "soon(os.kill, me, USR1)\n"
    "assert signal.sigwait([USR1]) == USR1\n"
    "soon(os.kill, me, USR1)\n"
    "assert signal.sigwaitinfo([USR1]).si_signo == USR1\n"
    "soon(os.kill, me, USR1)\n"
    "assert signal.sigtimedwait([USR1], 30).si_pid == me and signal.sigtimedwait([USR1], 0.02) is None\n"
    "came, over = [], False\n"
    "signal.signal(USR2, lambda *a: came.append(1))\n"
    "def send():\n" /* again and again: one may come before the wait begins */
    "    while not over: os.kill(me, USR2), time.sleep(0.01)\n"
    "t = threading.Thread(target=send)\n"
    "t.start()\n"
    "signal.pause()\n"
    "over = True\n"
    "t.join()\n"
    "assert came\n",

    "assert select.select([], [], [], 0.02) == ([], [], []) and select.poll().poll(20) == []\n"
    "s = multiprocessing.Semaphore(0)\n"
    "soon(s.release)\n"
    "assert s.acquire() and not s.acquire(timeout=0.02)\n"
    "server = socket.create_server(('127.0.0.1', 0))\n"
    "a = socket.socket()\n"
    "assert a.connect(server.getsockname()) is None and a.gettimeout() is None and os.get_blocking(a.fileno())\n"
    "address = server.getsockname()\n"
    "server.close()\n"
    "a = socket.socket()\n"
    "assert all(refused(ConnectionRefusedError, a.connect, address) for i in range(2))\n",
};

static void test_undisturbed(void **state) {
    for (size_t i = 0; i < sizeof undisturbed / sizeof *undisturbed; i++)
        exec_ok(*state, undisturbed[i]);
}

static void *interrupt_soon(void *vm) {
    usleep(20000);
    cove_interrupt(vm);
    return NULL;
}

/* An interrupt can be caught, and what was waited for can be waited for again. */
static void test_interrupted(void **state) {
    static const char *const waits[] = {"os.read(r, 9)", "os.waitpid(child.pid, 0)", "fcntl.flock(b, fcntl.LOCK_EX)",
                                        "signal.pause()", "os.write(w, bytes(10**6))"};
    cove_vm *vm = *state;
    exec_ok(vm, "import fcntl, os, signal, subprocess\n"
                "r, w = os.pipe()\n"
                "child = subprocess.Popen(['cat'], stdin=subprocess.PIPE)\n"
                "a = os.memfd_create('locked')\n"
                "b = os.open(f'/proc/self/fd/{a}', os.O_RDWR)\n"
                "fcntl.flock(a, fcntl.LOCK_EX)\n");
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        char text[200];
        pthread_t thread;
        snprintf(text, sizeof text, "try: %s\nexcept KeyboardInterrupt: pass\nelse: assert False", waits[i]);
        pthread_create(&thread, NULL, interrupt_soon, vm);
        bool ok = cove_exec(vm, text, NULL);
        pthread_join(thread, NULL);
        if (!ok && !cove_error_is(vm, "KeyboardInterrupt")) /* on a slow machine it comes before the `try` */
            fail_msg("%s: %s", waits[i], cove_error_report(vm));
    }
    exec_ok(vm, "os.set_blocking(w, False)\n"
                "try: os.write(w, b'x')\n"
                "except BlockingIOError: pass\n" /* it is full of what was written before the interrupt */
                "assert 0 < len(os.read(r, 10**6)) < 10**6\n"
                "child.stdin.close()\n"
                "assert os.waitpid(child.pid, 0) == (child.pid, 0)\n"
                "fcntl.flock(a, fcntl.LOCK_UN)\n"
                "fcntl.flock(b, fcntl.LOCK_EX)\n");
}

static cove_value stop_now(cove_vm *vm, const cove_call_info *call) {
    cove_stop(vm);
    return cove_none(vm);
}

/* What a stopped loop leaves pending is no news when the VM ends. */
static void test_quiet_end(void **state) {
    static const cove_function_def stop = {.name = "stop", .fn = stop_now};
    static Output errors;
    cove_config config = cove_config_default();
    config.write_error = output_write;
    config.io_user = &errors;
    cove_vm *vm = cove_create(&config);
    assert_true(cove_set_global(vm, "stop", cove_function(vm, &stop)));
    assert_false(cove_exec(vm,
                           "import asyncio\n"
                           "async def main():\n"
                           "    task = asyncio.create_task(asyncio.sleep(100))\n"
                           "    asyncio.get_running_loop().call_later(0.01, stop)\n"
                           "    await asyncio.sleep(100)\n"
                           "asyncio.run(main())\n",
                           "test.co"));
    assert_string_equal(cove_error_type(vm), "SystemExit");
    cove_destroy(vm);
    assert_string_equal(errors.text, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet_end),
        cmocka_unit_test_setup_teardown(test_stop_waiting, make_granted, end_vm),
        cmocka_unit_test_setup_teardown(test_interrupted, make_granted, end_vm),
        cmocka_unit_test_setup_teardown(test_undisturbed, make_granted, end_vm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
