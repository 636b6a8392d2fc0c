"""Every module, every way out, at the beginning, in the middle and in the middle of a frame: in a real terminal."""

import os
import random
import re
import signal
import termios
from collections.abc import Callable

import pytest

from fakeact import ansi
from fakeact.plugins import discover
from tests.conftest import Terminal

Start = Callable[..., Terminal]
WAYS = ("ctrl-c", "INT", "TERM", "HUP", "QUIT", "deadline", "key")
MOMENTS = {"init": 0.0, "middle": 1.5, "frame": 1.5}
ALL = [(module, way, moment) for module in sorted(discover().modules) for way in WAYS for moment in MOMENTS]
SAMPLE = random.Random(4).sample(ALL, 14)


def leave(one: Terminal, way: str) -> int:
    """Take a way out; gives the status that is due."""
    if way == "ctrl-c":
        one.type("\x03")
        return -signal.SIGINT
    if way == "key":
        one.type("q")
        return 0
    if way == "deadline":
        return 0
    number = signal.Signals[f"SIG{way}"]
    os.kill(one.process.pid, number)
    return -number


def play(terminal: Start, module: str, way: str, moment: str) -> None:
    """Start a module, wait for the moment, go, and look at what is left."""
    words = ["-m", module, "-s", "4", "--seed", "3", "--exit-after-time", "2s" if way == "deadline" else "60s"]
    one = terminal(*words, *(["--screensaver"] if way == "key" else []))
    one.read_until(ansi.ENTER_ALTERNATE if way == "key" else "\n")
    one.watch(max(MOMENTS[moment], 0.6 if way == "key" else 0.0))
    if moment == "frame":  # between the bytes of two writes: as soon as something comes
        one.watch(0.1)
    due = leave(one, way)
    assert one.wait() == due
    assert termios.tcgetattr(one.slave) == one.modes
    assert one.output.rfind(ansi.SHOW_CURSOR) >= one.output.rfind(ansi.HIDE_CURSOR)
    assert one.output.count(ansi.ENTER_ALTERNATE) == one.output.count(ansi.LEAVE_ALTERNATE)
    assert one.output.count(ansi.BEGIN_SYNC) == one.output.count(ansi.END_SYNC)
    codes = ansi.SGR.findall(one.output)
    assert not codes or codes[-1] in ("", "0", "39", "49", "22", "23", "24")
    assert not re.search(r'File ".*fakeact', one.output)


@pytest.mark.parametrize(("module", "way", "moment"), SAMPLE)
def test_a_sample_of_the_matrix(terminal: Start, module: str, way: str, moment: str) -> None:
    """Modes as found, cursor shown, colours off, status right."""
    play(terminal, module, way, moment)


@pytest.mark.soak
@pytest.mark.parametrize(("module", "way", "moment"), ALL)
def test_the_whole_matrix(terminal: Start, module: str, way: str, moment: str) -> None:
    """The campaign."""
    play(terminal, module, way, moment)
