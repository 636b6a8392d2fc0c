"""Whole processes and shows in a terminal, timed from outside.

A ratio is taken pair by pair, the measured process right after its yardstick, and the median of many pairs
counts: what else the machine does then meets both. CPU time is the scheduler's own account (``schedstat``).
"""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PYTHON = sys.executable
FAKEACT = str(Path(sys.executable).with_name("fakeact"))
YARDSTICK = [
    PYTHON,
    "-c",
    "import argparse, asyncio, pluggy; from importlib.metadata import entry_points; entry_points(group='fakeact')",
]
"""L: what a program of this kind loads if nobody thinks about it."""


class Cost(NamedTuple):
    """Seconds by the clock, and seconds of a processor."""

    wall: float
    cpu: float


def whole(command: Sequence[str]) -> Cost:
    """A command from its start to its end, its output thrown away."""
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        _become(command)
    usage = os.wait4(pid, 0)[2]
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def first_line(command: Sequence[str]) -> Cost:
    """A command in a terminal, from its start to its first painted line."""
    began = time.perf_counter()
    show = Show(command)
    while b"\n" not in show.read():
        pass
    cost = Cost(time.perf_counter() - began, show.usage().cpu)
    show.end()
    return cost


def ratio(
    measure: Callable[[Sequence[str]], Cost], commands: Sequence[Sequence[str]], against: Sequence[str], pairs: int
) -> Cost:
    """How many times as much as a yardstick a command takes; several commands take turns."""
    for command in (*commands, against):
        whole(command) if measure is whole or command is against else measure(command)
    found = []
    for number in range(pairs):
        yardstick, one = whole(against), measure(commands[number % len(commands)])
        found.append(Cost(one.wall / yardstick.wall, one.cpu / yardstick.cpu))
    return Cost(*(statistics.median(values) for values in zip(*found, strict=True)))


class Usage(NamedTuple):
    """What a process has used so far: CPU seconds, voluntary switches (wake-ups), peak memory in KiB."""

    cpu: float
    wakeups: int
    peak: int


class Show:
    """A command in a terminal of its own."""

    def __init__(self, command: Sequence[str], columns: int = 80, rows: int = 24) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            _become(command)
        self.bytes = 0

    def read(self) -> bytes:
        """The next bytes, all read so far once the other end is closed."""
        with suppress(OSError):
            data = os.read(self.fd, 1 << 16)
            if data:
                self.bytes += len(data)
                return data
        return b"\n"

    def usage(self) -> Usage:
        """As of now, all threads together."""
        cpu, wakeups, peak = 0.0, 0, 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(OSError):
                cpu += int((task / "schedstat").read_text().split()[0]) / 1e9
                status = dict(line.split(":\t") for line in (task / "status").read_text().splitlines() if ":\t" in line)
                wakeups += int(status["voluntary_ctxt_switches"])
                peak = int(status["VmHWM"].split()[0])
        return Usage(cpu, wakeups, peak)

    def end(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Idling(NamedTuple):
    """What a show costs that is left on: a share of a core, wake-ups a second, peak memory in MiB."""

    cpu: float
    wakeups: float
    peak: float


def idling(shows: Sequence[Show], warm: float, seconds: float) -> list[Idling]:
    """Watch shows side by side for so many seconds, after some in which they have come under way."""
    _watch(shows, warm)
    before, began = [show.usage() for show in shows], time.monotonic()
    _watch(shows, seconds)
    took, after = time.monotonic() - began, [show.usage() for show in shows]
    for show in shows:
        show.end()
    return [
        Idling((b.cpu - a.cpu) / took, (b.wakeups - a.wakeups) / took, b.peak / 1024)
        for a, b in zip(before, after, strict=True)
    ]


def _watch(shows: Sequence[Show], seconds: float) -> None:
    """Read what they write, as a terminal does, or they would stand still."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for ready in select.select(shows_by_fd := {show.fd: show for show in shows}, [], [], left)[0]:
            shows_by_fd[ready].read()


def _become(command: Sequence[str]) -> None:
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        os.execve(command[0], list(command), env)
    finally:
        os._exit(127)
