import copy,json,base64,functools,weakref,shlex
class A:
    def __init__(s): s.a=[1,2]; s.b={1:2}
    def m(s): pass
a=A(); w=weakref.WeakMethod(a.m)
@functools.singledispatch
def sd(x): pass
sd.register(int,lambda x:1)

def f():
    for i in range(200):
        shlex.split("a b")
f()
