"""The sessions that driver.py plays: functions of (start, home), where start(*args, **variables) begins a prompt."""

import os
import re
import signal
import termios
import time

from driver import DOWN, END, HOME, LEFT, LIMIT, RIGHT, ROWS, UP

ALL = {}


def session(function):
    ALL[function.__name__] = function
    return function


def prompt(s, *lines):
    """Everything on the screen from the first of these lines on, up to the next prompt."""
    s.expect('\n'.join(lines) + '\n>>>')


@session
def values(start, home):
    s = start()
    s.expect('>>>')
    s.lines('1 + 1')
    prompt(s, '>>> 1 + 1', '2')
    s.lines('_ * 21')
    prompt(s, '>>> _ * 21', '42')
    s.lines('None')
    prompt(s, '>>> None')
    s.lines("'ä' * 3")
    prompt(s, ">>> 'ä' * 3", "'äää'")
    s.lines('# nothing', '')
    s.lines('exit(3)')
    assert s.finish() == 3


@session
def banner(start, home):
    s = start('-X', 'dev')
    s.expect(re.compile(r'^Cove \d[^\n]*\nType "help", .*\n>>>$'))
    s.type('\x04')
    assert s.finish() == 0


@session
def bare_exit(start, home):
    s = start()
    s.expect('>>>')
    s.lines('quit')
    assert s.finish() == 0
    s = start()
    s.expect('>>>')
    s.lines('exit = 5', 'exit')
    prompt(s, '>>> exit', '5')
    s.type('\x04')
    assert s.finish() == 0


@session
def errors(start, home):
    s = start()
    s.expect('>>>')
    s.lines('1 / 0')
    prompt(s, '>>> 1 / 0', 'Traceback (most recent call last):',
           '  File "<python-input-0>", line 1, in <module>', '    1 / 0', '    ~~^~~',
           'ZeroDivisionError: division by zero')
    s.lines('x ! y')
    prompt(s, '>>> x ! y', '  File "<python-input-1>", line 1', '    x ! y', '      ^', 'SyntaxError: invalid syntax')
    s.type('\x04')
    assert s.finish() == 0


@session
def blocks(start, home):
    s = start()
    s.expect('>>>')
    s.lines('def f(x):', 'if x:', 'return 1')
    s.expect('>>> def f(x):\n...     if x:\n...         return 1\n...')
    s.type('\x7f')  # one level less
    s.lines('return 2', '')
    prompt(s, '>>> def f(x):', '...     if x:', '...         return 1', '...     return 2', '...')
    s.lines('f(0), f(1)')
    prompt(s, '>>> f(0), f(1)', '(2, 1)')
    s.lines('[1,', '2]')
    prompt(s, '>>> [1,', '... 2]', '[1, 2]')
    s.type('\x04')
    assert s.finish() == 0


@session
def long_blocks(start, home):
    """Each line asks whether more is to come; what that costs must not grow with the lines before it."""
    def play(**variables):
        s = start(**variables)
        s.expect('>>>')
        s.type_all('def f():\r' + ''.join(f'    x{i} = {i}\r' for i in range(4000)) + '    return x3999\r\r')
        s.type_all('class C:\r' + ''.join(f'  def m{i}(self):\r    return [{i},\r      0]\r' for i in range(1000)) + '\r')
        s.type_all('x = {\r' + ''.join(f'  {i}: ({i},\r   1),\r' for i in range(1500)) + '}\r')
        s.type(r"print('\n', f(), C().m999(), x[1499])" + '\r')
        prompt(s, ' 3999 [999, 0] (1499, 1)')  # without the editor the terminal shows the text when it comes
        s.type('\x04')
        assert s.finish() == 0
    play()
    play(PYTHON_BASIC_REPL='1')


@session
def numbers_of_statements(start, home):
    """Empty ones count; without the editor those that cannot be parsed do not."""
    s = start()
    s.expect('>>>')
    s.type('\r')
    s.expect('>>>\n>>>')
    s.lines('f(', ')')
    prompt(s, '  File "<python-input-1>", line 1, in <module>', '    f(', '    ^', "NameError: name 'f' is not defined")
    s.lines('1 2')
    prompt(s, '  File "<python-input-2>", line 1', '    1 2', '      ^', 'SyntaxError: invalid syntax')
    s.type('\x04')
    assert s.finish() == 0
    s = start(PYTHON_BASIC_REPL='1')
    s.expect('>>>')
    s.type('# a comment\r')
    s.expect('comment\n>>>')
    s.type('> 22 08\r')
    prompt(s, '    > 22 08', '    ^', 'SyntaxError: invalid syntax')  # the rest is not looked at
    s.type('(lambda: 1).__code__.co_filename\r')
    prompt(s, "'<stdin>-1'")
    s.type('\x04')
    assert s.finish() == 0


@session
def angular(start, home):
    """Statements from __future__ hold for those that follow."""
    for variables in ({}, {'PYTHON_BASIC_REPL': '1'}):
        s = start(**variables)
        s.expect('>>>')
        s.type('from __future__ import barry_as_FLUFL\r')
        s.expect('FLUFL\n>>>')
        s.type('1 <> (2,\r')
        s.expect('...')
        s.type('3)\r')
        prompt(s, '>>> 1 <> (2,', '... 3)', 'True')
        s.type('eval("1 <> 2")\r')
        prompt(s, 'True')
        s.type('1 != 2\r')
        prompt(s, "SyntaxError: with Barry as BDFL, use '<>' instead of '!='")
        s.type('\x04')
        assert s.finish() == 0


@session
def inspected(start, home):
    """-i: the script's names are there, its file is not that of what is typed; sys.exit() leaves."""
    with open(os.path.join(home, 'script.co'), 'w') as file:
        file.write('import sys\nclass A:\n    def m(self):\n        return 1\nsys.exit(3)\n')
    s = start('-i', 'script.co', PYTHON_BASIC_REPL='1')
    s.expect('SystemExit: 3\n>>>')
    s.type('sys.flags.inspect, sys.flags.interactive\r')
    prompt(s, '(1, 1)')
    s.type('import inspect\r')
    s.expect('inspect\n>>>')
    s.type('inspect.getsource(A.m)\r')
    prompt(s, r"'    def m(self):\n        return 1\n'")
    s.type('class B: pass\r')
    s.expect('...')
    s.type('\r')
    s.expect('...\n>>>')
    s.type('inspect.getsource(B)\r')
    prompt(s, 'OSError: source code not available')
    s.type('f = lambda: 5\r')
    s.expect('5\n>>>')
    s.type('inspect.getsource(f)\r')
    prompt(s, r"'f = lambda: 5\n'")
    s.type('sys.exit(4)\r')
    assert s.finish() == 4
    s = start('-q', '-i')
    s.expect('>>>')
    s.lines('import sys, inspect', 'sys.flags.inspect')
    prompt(s, '>>> sys.flags.inspect', '1')
    s.lines('f = lambda: (1,', '2)', 'inspect.getsource(f)')
    prompt(s, r"'f = lambda: (1,\n2)\n'")
    s.lines('raise SystemExit(5)')
    assert s.finish() == 5


@session
def recall(start, home):
    s = start()
    s.expect('>>>')
    s.lines('for i in range(2):', 'print(i)', '')
    prompt(s, '...', '0', '1')
    s.type(UP)
    s.expect('1\n>>> for i in range(2):\n...     print(i)')
    s.type(UP + END + LEFT + LEFT + '\x7f' + '3')
    s.expect('1\n>>> for i in range(3):\n...     print(i)')
    s.type(DOWN + END + LEFT + ' * 5')
    s.expect('...     print(i * 5)')
    s.type(END)
    s.lines('', '')
    prompt(s, '0', '5', '10')
    s.type('\x04')
    assert s.finish() == 0


@session
def keys_within_a_line(start, home):
    s = start()
    s.expect('>>>')
    s.lines('for i in range(2):')
    s.type('print(i)')
    s.expect('>>> for i in range(2):\n...     print(i)')
    s.type('\x15')  # Ctrl-U
    s.expect('>>> for i in range(2):\n...')
    s.type('\x15\x19')  # nothing more to take; Ctrl-Y
    s.expect('>>> for i in range(2):\n...     print(i)')
    s.type(HOME + RIGHT * 9 + '\x0b')  # Ctrl-K
    s.expect('>>> for i in range(2):\n...     print')
    s.type('\x1f')  # undo
    s.expect('>>> for i in range(2):\n...     print(i)')
    s.type(END + '\r\r')
    prompt(s, '0', '1')
    s.type('\x04')
    assert s.finish() == 0


@session
def history_file(start, home):
    s = start()
    s.expect('>>>')
    s.lines('x = 1')
    s.expect('>>>')
    s.lines('if x:', 'print(x)', '')
    prompt(s, '...', '1')
    s.type('\x04')
    assert s.finish() == 0
    with open(os.path.join(home, '.cove_history'), newline='') as file:
        assert file.read() == 'x = 1\nif x:\r\n    print(x)\n'
    s = start()
    s.expect('>>>')
    s.type(UP)
    s.expect('>>> if x:\n...     print(x)')
    s.type(UP)
    s.type(UP)
    s.expect('>>> x = 1')
    s.type('\x03')
    s.expect('KeyboardInterrupt\n>>>')
    s.type('\x04')
    assert s.finish() == 0


@session
def history_elsewhere(start, home):
    s = start(PYTHON_HISTORY=os.path.join(home, 'kept'))
    s.expect('>>>')
    s.lines('2 ** 10')
    prompt(s, '1024')
    s.type('\x04')
    assert s.finish() == 0
    assert os.listdir(home) == ['kept']


@session
def history_of_others(start, home):
    path = os.path.join(home, '.cove_history')
    with open(path, 'wb') as file:
        file.write(b'x = 1\n\xff\x00y\nz = 3')
    s = start()
    s.expect('>>>')
    s.type(UP)
    s.expect('>>> z = 3')
    s.type('\r')
    s.expect('z = 3\n>>>')
    s.lines('z')
    prompt(s, '>>> z', '3')
    s.type('\x04')
    assert s.finish() == 0
    with open(path, 'rb') as file:
        assert file.read() == b'x = 1\n\xff\x00y\nz = 3\nz = 3\nz\n'


@session
def interrupt(start, home):
    s = start()
    s.expect('>>>')
    s.type('half a li')
    s.expect('>>> half a li')
    s.type('\x03')
    s.expect('>>> half a li\nKeyboardInterrupt\n>>>')
    s.lines('while True: pass', '')
    s.type('\x03')
    s.expect(re.compile(r'Traceback [^\n]*\n.*\nKeyboardInterrupt\n>>>$', re.S))
    s.lines('1')
    prompt(s, '>>> 1', '1')
    s.type('\x04')
    assert s.finish() == 0


@session
def interrupt_in_block(start, home):
    s = start()
    s.expect('>>>')
    s.lines('def f():')
    s.type('pass')
    s.expect('>>> def f():\n...     pass')
    s.type('\x03')
    s.expect(re.compile(r'^>>> def f\(\):\n\.\.\.     pass\nKeyboardInterrupt\n>>>$'))
    s.type('\x04')
    assert s.finish() == 0


@session
def compiler_errors(start, home):
    s = start()
    s.expect('>>>')
    s.lines('return 1')
    prompt(s, '>>> return 1', '  File "<python-input-0>", line 1', '    return 1', '    ^^^^^^^^',
           "SyntaxError: 'return' outside function")
    s.lines('class A:', 'x = await y', '')
    prompt(s, '...', '  File "<python-input-1>", line 2', '    x = await y', '        ^^^^^^^',
           "SyntaxError: 'await' outside function")
    s.type('\x04')
    assert s.finish() == 0


@session
def paste(start, home):
    s = start()
    s.expect('>>>')
    s.type('\x1b[200~def g():\r    a = 1\r\r    return a\r\rg()\rg() + 1\x1b[201~')
    s.expect('>>> def g():\n...     a = 1\n...\n...     return a\n...\n... g()\n... g() + 1')
    s.type('\r')
    prompt(s, '... g() + 1', '2')
    s.type('\x04')
    assert s.finish() == 0


@session
def completion(start, home):
    with open(os.path.join(home, 'some_module.co'), 'w') as file:
        file.write('value_of_it = 5\n')
    s = start()
    s.expect('>>>')
    s.lines('number_of_things = 3')
    s.expect('>>>')
    s.type('number_\t')
    s.expect('>>> number_of_things')
    s.type('\x15impo\t')
    s.expect('>>> import')
    s.type('some_m\t')
    s.expect('>>> import some_module')
    s.type('\r')
    s.expect('some_module\n>>>')
    s.type('some_module.val\t')
    s.expect('>>> some_module.value_of_it')
    s.type('\r')
    prompt(s, '>>> some_module.value_of_it', '5')
    s.type('"abc".\t')
    s.type('\x15from collec\t')
    s.expect('>>> from collections')
    s.type(' import Ordered\t')
    s.expect('>>> from collections import OrderedDict')
    s.type('\r')
    s.expect('OrderedDict\n>>>')
    s.type("open('some_\t")
    s.expect(">>> open('some_module.co")
    s.type('\x15from os import (path,\r')
    s.expect('>>> from os import (path,\n...')
    s.type('getcwdb\t)\r')
    s.expect('getcwdb)\n>>>')
    s.type('getcwd\t')
    s.expect('>>> getcwdb()')
    s.type('\x15whi\t')
    s.expect('>>> while')
    s.type('\x15pr\t')
    s.expect('>>> pr')
    s.type('\t')
    s.expect(re.compile(r'print\(  +property\(\n>>> pr$|property\(  +print\(\n>>> pr$'))
    s.type('\x03')
    s.expect('KeyboardInterrupt\n>>>')
    s.type('\x04')
    assert s.finish() == 0


@session
def completion_runs_nothing(start, home):
    with open(os.path.join(home, 'start.co'), 'w') as file:
        file.write("import functools\nclass C:\n    @property\n    def told(self): print('run')\n"
                   "    @functools.cached_property\n    def once(self): print('run'); return 'abc'\n"
                   "c, d, name = C(), C(), 5\nd.__dict__['once'] = 'abc'\n")
    s = start(PYTHONSTARTUP='start.co')
    s.expect('>>>')
    for typed, completed in (
            ('c.to', 'c.told'), ('c.on', 'c.once'), ('c.told.x', 'c.told.x'), ('c.once.isasc', 'c.once.isasc'),
            ('d.once.isasc', 'd.once.isascii()'), ("'text'.isasc", "'text'.isascii()"), ("b'x'.dec", "b'x'.decode("),
            ('[c.told].app', '[c.told].append('), ('{}.setd', '{}.setdefault('), ('f(1)[0].app', 'f(1)[0].app'),
            ("f'{nam", "f'{name"), ("f'{{nam", "f'{{nam"), ("'{nam", "'{nam")):
        s.type(typed + '\t')
        s.expect('>>> ' + completed)
        s.type('\x15')
        s.expect('>>>')
    s.type('\x04')
    assert s.finish() == 0
    assert 'run' not in s.screen.text()


@session
def awaiting(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio')
    s.expect('>>>')
    s.lines("await asyncio.sleep(0, 'done')")
    prompt(s, "'done'")
    s.lines('x = await asyncio.sleep(0, 7)')
    s.expect('>>>')
    s.lines('x')
    prompt(s, '>>> x', '7')
    s.lines('asyncio.run(asyncio.sleep(0, 8))')
    prompt(s, '8')
    s.lines('await asyncio.wait_for(asyncio.sleep(9), 0.01)')
    s.expect(re.compile(r'\nTimeoutError\n>>>$'))
    s.lines("print('now'); await asyncio.sleep(100)")
    s.expect('\nnow')
    time.sleep(0.3)
    s.type('\x03')
    s.expect(re.compile(r'\n\^CTraceback \(most recent call last\):\n'
                        r'  File "<python-input-\d+>", line 1, in <module>\n    print.*\n +\^+\n'
                        r'  File "<frozen asyncio.tasks>", line \d+, in sleep\nKeyboardInterrupt\n>>>$'))
    s.type('\x04')
    assert s.finish() == 0


@session
def tasks_while_typing(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio')
    s.expect('>>>')
    s.lines('async def tick():', 'await go.wait()', "print('tick')", '')
    s.expect('...\n>>>')
    s.lines('go = asyncio.Event()')
    s.expect('>>>')
    s.lines('async def later():', 'asyncio.get_running_loop().call_later(0.3, go.set)',
            'return asyncio.create_task(tick())', '')
    s.expect('...\n>>>')
    s.lines('t = await later()')
    s.expect('later()\n>>>')
    s.type('half')
    s.expect('\ntick\n>>> half')
    s.type('\x15' + 't.done()\r')
    prompt(s, '>>> t.done()', 'True')
    s.type('\x04')
    assert s.finish() == 0


@session
def closed_loop(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio')
    s.expect('>>>')
    s.lines("await asyncio.sleep(0, 'one')")
    prompt(s, "'one'")
    s.lines('asyncio.get_event_loop().close()')
    prompt(s, "'one'", '>>> asyncio.get_event_loop().close()')
    s.lines('1 + 1')
    prompt(s, '>>> asyncio.get_event_loop().close()', '>>> 1 + 1', '2')
    s.lines("await asyncio.sleep(0, 'two')")
    prompt(s, "'two'")
    s.lines('asyncio.get_event_loop().close()')
    s.expect('close()\n>>>')
    s.type('\x04')
    assert s.finish() == 0


@session
def stubborn_statement(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio')
    s.expect('>>>')
    s.lines('async def stay():', 'while True:', 'try: await asyncio.sleep(9)',
            "except asyncio.CancelledError: print('no')", '')
    s.expect('...\n>>>')
    s.lines('await stay()')
    time.sleep(0.3)
    s.type('\x03')
    s.expect('^Cno')
    s.type('\x03')
    s.expect('^CKeyboardInterrupt\n>>>')
    s.lines('1 + 1')
    prompt(s, '>>> 1 + 1', '2')
    s.type('\x04')  # which waits for the task, as asyncio.run() does
    time.sleep(0.3)
    s.type('\x03')
    s.finish()
    assert 'Traceback' not in s.screen.text()


@session
def modules_in_the_way(start, home):
    for name, text in (('asyncio', 'x = 5\n'), ('_prompt', 'run = complete = 5\n')):
        with open(os.path.join(home, name + '.co'), 'w') as file:
            file.write(text)
        s = start()
        s.expect('>>>')
        s.lines('async def f(): return 3', '')
        s.expect('...\n>>>')
        s.lines('await f()')
        s.expect(re.compile(r'AttributeError: .*\n>>>$'))
        s.type('prin\t\x15')
        s.lines('1 + 1')
        prompt(s, '>>> 1 + 1', '2')
        s.type('\x04')
        assert s.finish() == 0
        os.remove(os.path.join(home, name + '.co'))


@session
def input_in_a_task(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio')
    s.expect('>>>')
    s.lines('async def ask():', 'await asyncio.sleep(0.2)', "return input('name? ')", '')
    s.expect('...\n>>>')
    s.lines('await asyncio.sleep(0); t = asyncio.create_task(ask())')
    s.type('half')
    s.expect('\nname?')
    s.type('Bob\r')
    s.expect('\nname? Bob\n\n>>> half')
    s.type('\x15' + 't.result()\r')
    prompt(s, '>>> t.result()', "'Bob'")
    s.type('\x04')
    assert s.finish() == 0


@session
def context_of_statements(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio, contextvars')
    s.expect('>>>')
    s.lines("v = contextvars.ContextVar('v', default=1)")
    s.expect('>>>')
    s.lines('v.set(2) and await asyncio.sleep(0)')
    s.expect('>>>')
    s.lines('v.get(), await asyncio.sleep(0, v.get())')
    prompt(s, '(2, 2)')
    s.lines('v.get()')
    prompt(s, '2')
    s.type('\x04')
    assert s.finish() == 0


@session
def pagers(start, home):
    s = start(PAGER='sed s/slice/PART/')
    s.expect('>>>')
    s.lines('help(slice)')
    s.expect(re.compile(r'Help on class PART in module builtins:.*Where the PART ends\.\n\n>>>$', re.S))
    s.lines('help(len)')  # fits on the screen
    s.expect('    How many items the object has.\n\n>>>')
    s.type('\x04')
    assert s.finish() == 0
    s = start(PAGER='no-such-pager')
    s.expect('>>>')
    s.lines('help(slice)')
    s.expect(re.compile(r'not found.*Help on class slice in module builtins:.*Where the slice ends\.\n\n>>>$', re.S))
    s.type('\x04')
    assert s.finish() == 0


@session
def startup(start, home):
    with open(os.path.join(home, 'start.co'), 'w') as file:
        file.write("import sys\nsys.ps1 = 'co> '\nready = 'yes'\n")
    s = start(PYTHONSTARTUP='start.co')
    s.expect('co>')
    s.lines('ready')
    s.expect("co> ready\n'yes'\nco>")
    s.type('\x04')
    assert s.finish() == 0
    s = start('-q', '-E', PYTHONSTARTUP='start.co')
    s.expect('>>>')
    s.type('\x04')
    assert s.finish() == 0
    s = start(COVE_STARTUP='missing.co')
    s.expect("Could not open PYTHONSTARTUP\nFileNotFoundError: [Errno 2] No such file or directory: 'missing.co'\n>>>")
    s.type('\x04')
    assert s.finish() == 0


@session
def hook(start, home):
    with open(os.path.join(home, 'start.co'), 'w') as file:
        file.write("import sys\nsys.__interactivehook__ = lambda: 1/0\n")
    s = start(PYTHONSTARTUP='start.co')
    s.expect(re.compile(r'Failed calling sys.__interactivehook__\nTraceback .*ZeroDivisionError: division by zero\n>>>$',
                        re.S))
    s.type('\x04')
    assert s.finish() == 0
    assert os.listdir(home) == ['start.co']


@session
def after_a_script(start, home):
    with open(os.path.join(home, 'script.co'), 'w') as file:
        file.write("value = 5\nraise ValueError('no')\n")
    s = start('-i', 'script.co')
    s.expect(re.compile(r'^Traceback .*ValueError: no\n>>>$', re.S))
    s.lines('value')
    prompt(s, '>>> value', '5')
    s.type('\x04')
    assert s.finish() == 0


@session
def colors(start, home):
    for variables, colored in (({'NO_COLOR': None}, True), ({}, False), ({'NO_COLOR': None, 'PYTHON_COLORS': '0'}, False),
                               ({'PYTHON_COLORS': '1'}, True)):
        s = start(**variables)
        s.expect('>>>')
        s.lines('1 / 0')
        s.expect('ZeroDivisionError: division by zero\n>>>')
        assert (s.screen.colors > 0) == colored, (variables, s.screen.colors)
        s.type('\x04')
        assert s.finish() == 0


@session
def without_an_editor(start, home):
    for variables in ({'TERM': 'dumb'}, {'PYTHON_BASIC_REPL': '1'}):
        s = start(**variables)
        s.expect('>>>')
        s.type('1 + 1\r')
        s.expect('>>> 1 + 1\n2\n>>>')
        s.type('1 / 0\r')
        s.expect(re.compile(r'  File "<stdin>", line 1, in <module>\n    1 / 0\n    ~~\^~~\n'
                            r'ZeroDivisionError: division by zero\n>>>$'))
        s.type('abc')
        s.expect('>>> abc')
        s.type('\x03')
        s.expect('\nKeyboardInterrupt\n>>>')
        s.type('\x04')
        assert s.finish() == 0


@session
def long_lines(start, home):
    s = start()
    s.expect('>>>')
    s.type('x = ' + repr('0123456789' * 9))
    s.expect(">>> x = '" + '0123456789' * 6 + '0\n' + '123456789' + '0123456789' * 2 + "'")
    s.type(HOME + RIGHT * 5 + 'abc' + END)
    s.expect(">>> x = 'abc" + '0123456789' * 5 + '01234567\n89' + '0123456789' * 3 + "'")
    s.type('\r')
    s.expect('\n>>>')
    s.lines('len(x)')
    prompt(s, '>>> len(x)', '93')
    s.type('\x04')
    assert s.finish() == 0


@session
def another_width(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import asyncio')
    s.expect('>>>')
    s.type('x = ' + repr('0123456789' * 9))
    s.expect("\n>>> x = '" + '0123456789' * 6 + '0\n' + '123456789' + '0123456789' * 2 + "'")
    s.resize(40, 50)
    s.expect("\n>>> x = '" + '0123456789' * 4 + '0\n' + '123456789' + '0123456789' * 4 + "'")
    s.resize(40, 200)
    s.expect("\n>>> x = '" + '0123456789' * 9 + "'")
    s.type('\r')
    s.expect('\n>>>')
    s.lines('len(x)')
    prompt(s, '>>> len(x)', '90')
    s.type('\x04')
    assert s.finish() == 0


@session
def stopped_and_continued(start, home):
    s = start()
    s.expect('>>>')
    s.type('half')
    s.expect('>>> half')
    os.kill(s.pid, signal.SIGSTOP)
    os.waitpid(s.pid, os.WUNTRACED)
    attributes = termios.tcgetattr(s.fd)
    attributes[3] |= termios.ECHO | termios.ICANON  # as a shell has it for other programs
    termios.tcsetattr(s.fd, termios.TCSANOW, attributes)
    os.kill(s.pid, signal.SIGCONT)
    end = time.monotonic() + LIMIT
    while termios.tcgetattr(s.fd)[3] & termios.ICANON and time.monotonic() < end:
        time.sleep(0.02)
    s.type(HOME + '1 + ')
    s.expect('>>> 1 + half')
    s.type('\x03')
    s.expect('>>> 1 + half\nKeyboardInterrupt\n>>>')
    s.type('\x04')
    assert s.finish() == 0


@session
def taller_than_the_screen(start, home):
    lines = ['def f():'] + [f'    x{i} = {i}' for i in range(50)] + ['    return x1']
    shown = '\n... '.join(lines)
    s = start()
    s.expect('>>>')
    s.type('\x1b[200~' + '\r'.join(lines) + '\x1b[201~')
    s.expect('...     return x1')
    s.type('\r')
    s.type('\r')
    s.expect(re.compile('^>>> ' + re.escape(shown) + r'\n\.\.\.\n>>>$'))
    s.type(UP)
    s.expect(re.compile(r'\n\.\.\.\n' + re.escape('... ' + '\n... '.join(lines[-ROWS:])) + '$'))
    s.type(UP * 49 + END + '\x7f5')
    s.expect('... ' + '\n... '.join(['    x1 = 5', *lines[3:ROWS + 2]]))
    s.type('\x03')
    s.expect(re.compile('>>> ' + re.escape(shown.replace('x1 = 1\n', 'x1 = 5\n')) + r'\nKeyboardInterrupt\n>>>$'))
    s.lines('f()')
    prompt(s, '>>> f()', '1')
    s.type('\x04')
    assert s.finish() == 0


@session
def display_hook(start, home):
    s = start()
    s.expect('>>>')
    s.lines('import sys')
    s.expect('>>>')
    s.lines("sys.displayhook = lambda v: print('value', v)")
    s.expect('>>>')
    s.lines('5')
    prompt(s, '>>> 5', 'value 5')
    s.type('\x04')
    assert s.finish() == 0
