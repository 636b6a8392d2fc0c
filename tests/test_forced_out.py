"""Modules that will not go: they block the event loop, swallow Exit, or flood. Still out within a second."""

import signal
import sys
import termios
import time
from collections.abc import Callable

import pytest

from fakeact import ansi
from tests.conftest import Terminal

Start = Callable[..., Terminal]
STUBBORN = """
import sys, time, asyncio
from fakeact import Module
from fakeact.runner import Programme
from fakeact.session import Session
from fakeact.signals import die
from fakeact.stages.opening import open_stage
async def block(io, rng):
    async with io.live() as live:
        await live.show("a row")
        await io.print("begun")
        await io.csleep(100)
        time.sleep(60)
async def swallow(io, rng):
    await io.print("begun")
    while True:
        try: await io.csleep(50)
        except BaseException: pass
async def flood(io, rng):
    await io.print("begun")
    while True: await io.print("y" * 70)
async def spin(io, rng):
    await io.print("begun")
    await io.csleep(100)
    while True: pass
run = {"block": block, "swallow": swallow, "flood": flood, "spin": spin}[sys.argv[1]]
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else None
programme = Programme([Module("stubborn", "", run)], 1, most_seconds=seconds)
stage = open_stage(sys.stdout, "auto", {"TERM": "xterm"})
session = Session(programme, stage, 1.0, lambda *_, **__: None, saver=False, debug=False)
session.play()
if session.over.signal: die(session.over.signal)
"""
KINDS = ["block", "swallow", "flood", "spin"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_ends_it(terminal: Start, kind: str, number: signal.Signals) -> None:
    """One signal is enough, and the terminal is given back."""
    one = terminal(kind, command=[sys.executable, "-c", STUBBORN])
    one.read_until("begun")
    time.sleep(0.2)  # a human's pause: the module is in the middle of what it does by then
    began = time.monotonic()
    one.process.send_signal(number)
    assert one.wait() == -number
    assert time.monotonic() - began < 3, "GRACE and LAST_WRITE are 0.9 s; the rest is a busy machine"
    assert one.output.rfind(ansi.SHOW_CURSOR) >= one.output.rfind(ansi.HIDE_CURSOR)
    assert termios.tcgetattr(one.slave) == one.modes
    assert "Traceback" not in one.output


def test_a_second_ctrl_c_does_not_wait(terminal: Start) -> None:
    """Who presses Ctrl-C twice is out at once."""
    one = terminal("block", command=[sys.executable, "-c", STUBBORN])
    one.read_until("begun")
    one.type("\x03")
    one.read_until("^C")
    one.type("\x03")
    assert one.wait() == -signal.SIGINT


@pytest.mark.parametrize("kind", KINDS)
def test_a_deadline_ends_it(terminal: Start, kind: str) -> None:
    """--exit-after-time holds for them, too, with status 0."""
    one = terminal(kind, "0.5", command=[sys.executable, "-c", STUBBORN])
    assert one.wait() == 0
    assert one.output.rfind(ansi.SHOW_CURSOR) >= one.output.rfind(ansi.HIDE_CURSOR)
