import json,copy
class A:
    def __init__(s): s.a=[1,2]; s.b={1:2}
a=A()
def f():
    for i in range(200):
        copy.deepcopy(a)
f()
