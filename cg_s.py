from collections import Counter
c=Counter("abc"); d={"a":1}
def f():
    for i in range(200):
        c.subtract("abc")
f()
