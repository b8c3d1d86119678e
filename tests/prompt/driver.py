#!/usr/bin/env python3
"""Drives the prompt on a pseudo-terminal and checks what it shows.

    driver.py COVE

A session is a list of steps: text to type, and what must then be on the screen.  The screen is that of a small terminal
emulator (the movements and erasures that line editors use), so that what is compared is what somebody would see.  The
last line is "N passed, N failed".
"""

import errno
import os
import pty
import re
import select
import signal
import sys
import tempfile
import time
import fcntl
import struct
import termios

ROWS, COLUMNS = 40, 70
LIMIT = float(os.environ.get('PROMPT_TIMEOUT', 15))  # seconds for a step: only a prompt that hangs comes near

UP, DOWN, LEFT, RIGHT = '\x1b[A', '\x1b[B', '\x1b[D', '\x1b[C'
HOME, END = '\x1b[H', '\x1b[F'


class Screen:
    """Lines of text with a cursor; colours are dropped, but counted."""

    def __init__(self):
        self.lines = ['']
        self.row = self.column = 0
        self.columns = COLUMNS
        self.colors = 0
        self.rest = ''

    def feed(self, text):
        text = self.rest + text
        self.rest = ''
        i = 0
        while i < len(text):
            char = text[i]
            if char == '\x1b':
                match = re.compile(r'\x1b(\[([?\d;]*)([A-Za-z])|[=>]|\([A-Z0-9])').match(text, i)
                if not match:
                    self.rest = text[i:]
                    return
                if match.group(3):
                    self.control(match.group(2), match.group(3))
                i = match.end()
                continue
            if char == '\r':
                self.column = 0
            elif char == '\n':
                self.down(1)
            elif char == '\b':
                self.column = max(0, self.column - 1)
            elif char >= ' ':
                if self.column >= self.columns:
                    self.column = 0
                    self.down(1)
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
                self.column += 1
            i += 1

    def down(self, count):
        self.row += count
        while len(self.lines) <= self.row:
            self.lines.append('')

    def resize(self, columns):
        """Lines that are too long now are broken, as terminals do."""
        lines = []
        for number, line in enumerate(self.lines):
            if number == self.row:
                row, column = len(lines) + self.column // columns, self.column % columns
            lines += [line[at:at + columns] for at in range(0, max(len(line), 1), columns)]
        self.lines, self.row, self.column, self.columns = lines, row, column, columns
        self.down(0)

    def control(self, argument, kind):
        number = int(argument) if argument.isdigit() else 1
        if kind == 'A':
            self.row = max(0, self.row - number)
        elif kind == 'B':
            self.down(number)
        elif kind == 'C':
            self.column += number
        elif kind == 'D':
            self.column = max(0, self.column - number)
        elif kind == 'K':
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif kind == 'J' and argument == '2':
            self.lines[self.row:] = ['']
        elif kind == 'J' and argument != '3':
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif kind == 'm':
            self.colors += argument not in ('', '0')

    def text(self):
        return '\n'.join(line.rstrip() for line in self.lines).rstrip('\n')


class Session:
    def __init__(self, cove, home, args=('-q',), variables=None):
        environment = {'TERM': 'xterm', 'HOME': home, 'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8',
                       'INPUTRC': '/dev/null', 'NO_COLOR': '1'}
        environment.update(variables or {})
        environment = {name: value for name, value in environment.items() if value is not None}
        self.screen = Screen()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.execve(cove, [cove, *args], environment)
        self.set_size(ROWS, COLUMNS)
        self.status = None

    def set_size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.screen.resize(columns)
        self.set_size(rows, columns)

    def read(self, wait):
        ready, _, _ = select.select([self.fd], [], [], wait)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b''
        self.screen.feed(data.decode('utf-8', 'replace'))
        return bool(data)

    def expect(self, wanted):
        """Read until the screen ends with the wanted text (a regular expression when it is compiled)."""
        end = time.monotonic() + LIMIT
        while not self.shows(wanted):
            if time.monotonic() > end or not self.read(0.2):
                if self.shows(wanted):
                    return
                raise AssertionError(f'wanted {wanted!r}, the screen shows:\n{self.screen.text()}')

    def shows(self, wanted):
        text = self.screen.text()
        if isinstance(wanted, str):
            return text.endswith(wanted)
        return wanted.search(text) is not None

    def type(self, text):
        os.write(self.fd, text.encode())

    def type_all(self, text):
        """Types a long text, as fast as it is taken, and reads meanwhile what is shown."""
        data = text.encode()
        while data:
            _, ready, _ = select.select([], [self.fd], [], 0)
            if ready:
                data = data[os.write(self.fd, data[:512]):]
            self.read(0)

    def lines(self, *lines):
        """Types lines, each when the one before is on the screen."""
        for line in lines:
            self.type(line)
            if line.strip():
                self.expect(line.rstrip())
            before = len(self.screen.lines), self.screen.row
            self.type('\r')
            end = time.monotonic() + LIMIT
            while (len(self.screen.lines), self.screen.row) == before and time.monotonic() < end:
                self.read(0.2)

    def finish(self):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.read(0.2):
            pass
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.02)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
        return self.status


def main():
    import sessions
    cove = os.path.abspath(sys.argv[1])
    only = sys.argv[2:]
    passed = failed = 0
    for name, test in sessions.ALL.items():
        if only and name not in only:
            continue
        with tempfile.TemporaryDirectory() as home:
            home = os.path.realpath(home)
            started = []

            def start(*args, **variables):
                session = Session(cove, home, args or ('-q',), variables)
                started.append(session)
                return session

            try:
                test(start, home)
                passed += 1
            except AssertionError as error:
                failed += 1
                print(f'FAIL {name}: {error}')
            for session in started:
                if session.status is None:
                    try:
                        os.kill(session.pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                    os.waitpid(session.pid, 0)
    print(f'{passed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.dont_write_bytecode = True
    sys.exit(main())
