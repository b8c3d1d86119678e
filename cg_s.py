from collections import namedtuple
import signal
def f():
    for i in range(200):
        signal.getsignal(15)
f()
