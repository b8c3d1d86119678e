# make library MODULES=...: the modules that were asked for work, others are not there.
choosing() { $make -s library PIC=no MODULES="$1"; }
# script NAME OUTPUT SOURCE: what the library of chosen modules prints
script() {
    printf '%s\n' "$3" >"$work/chosen.co"
    printf '%s\n' "$2" >"$work/chosen.expected"
    check "a host is linked" "$cc" -Iinclude tests/packaging/script.c "$build/library-chosen-nopic/libcove.a" \
        -o "$work/chosen" -no-pie -lutf8proc -lgmp -lm -lpthread
    check "$1" runs_script
}
runs_script() { timeout 60 "$work/chosen" "$work/chosen.co" >"$work/out" 2>&1; cat "$work/out"; cmp "$work/out" "$work/chosen.expected"; }

check "make library MODULES='asyncio json -ssl'" choosing "asyncio json -ssl"
script "chosen modules work" '[1, {"a": null}] 3' 'import asyncio, json
async def add(a, b):
    await asyncio.sleep(0.001)
    return a + b
print(json.dumps([1, {"a": None}]), asyncio.run(asyncio.wait_for(add(1, 2), 5)))'
script "others are not there" "No module named 're' No module named 'ssl' No module named '_socket.x'" 'texts = []
for name in "re", "ssl", "_socket.x":
    try: __import__(name)
    except ImportError as e: texts.append(str(e).split(";")[0])
print(*texts)'
check "make library MODULES=" choosing ""
script "the core works without a library" "[1, 3] 25 ['sys']" 'import sys
def squares(n):
    for i in range(n):
        yield i * i
class A:
    def __init__(self, x): self.x = x
async def f(x): return x.x
try: f(A(squares(6))).send(None)
except StopIteration as e: last = list(e.value)[-1]
try: import json
except ModuleNotFoundError as e: missing = e
print(sorted({3, 1}), last, [name for name in sys.modules if name == "sys"])'
check "a module that there is not" sh -c "! $make -s library PIC=no MODULES=nosuch 2>&1 | grep -v 'there is no module' | grep choose_modules"
