import typing
def f():
    for i in range(100):
        typing.List[i]|None
f()
