from enum import *
class C(Enum):
   a=1
def u(): class_=Enum("Q","a b c")
def f():
    for i in range(200):
        dir(C.a)
f()
