"""In a real terminal: however a show ends, the terminal is as it was and the status says why."""

import os
import re
import signal
import sys
import termios
from collections.abc import Callable

import pytest

from fakeact import ansi
from fakeact.testing import Screen
from tests.conftest import Terminal

Start = Callable[..., Terminal]
SHOWS = {"hello": "hello", "llm_training": "llm_training"}


def assert_left_well(terminal: Terminal) -> None:
    """Cursor shown, colours off, modes as found, cursor at the start of a fresh line."""
    text = terminal.output
    assert text.count(ansi.BEGIN_SYNC) == text.count(ansi.END_SYNC)
    assert text.rfind(ansi.SHOW_CURSOR) >= text.rfind(ansi.HIDE_CURSOR)
    assert text.endswith(("\n", ansi.END_SYNC, ansi.ERASE_BELOW))
    assert termios.tcgetattr(terminal.slave) == terminal.modes
    assert not re.search(r'File ".*fakeact', text)  # a traceback of our own; a show may end with an imitated one


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("show", SHOWS)
def test_dies_by_the_signal_it_got(terminal: Start, show: str, number: signal.Signals) -> None:
    """A signal restores the terminal and then ends the process, as a shell expects."""
    one = terminal("-m", show)
    one.read_until("\n")
    os.kill(one.process.pid, number)
    assert one.wait() == -number
    assert_left_well(one)


def test_ctrl_c_in_the_middle_of_a_region(terminal: Start) -> None:
    """Ctrl-C typed while rows are pinned takes the rows away and leaves the lines."""
    one = terminal("-m", "hello", "-s", "4")
    one.read_until("hosts")
    one.type("\x03")
    assert one.wait() == -signal.SIGINT
    assert_left_well(one)
    screen = Screen(80, 24)
    screen.feed(one.output.replace("^C", ""))
    assert not [line for line in screen.lines if "hosts" in line]
    assert screen.cursor[0] == 0


@pytest.mark.parametrize("moment", ["Process group of", "Loading weights", "Step"])
def test_ctrl_c_in_a_training_run(terminal: Start, moment: str) -> None:
    """In the start-up, under a bar and in the loop Ctrl-C ends the run at once and takes every bar away."""
    options = ["dialect=pytorch", "scenario=pretrain", "faults=none"]
    one = terminal("-m", "llm_training", "--seed", "7", "-s", "8", *(word for o in options for word in ("-o", o)))
    one.read_until(moment, seconds=40)
    one.type("\x03")
    assert one.wait() == -signal.SIGINT
    assert_left_well(one)
    screen = Screen(80, 24)
    screen.feed(one.output.replace("^C", ""))
    assert not [line for line in screen.lines if line.startswith(("Epoch 1", "Step", "Loading weights:"))]
    assert screen.cursor[0] == 0


def test_a_resize_to_and_fro_is_noticed(terminal: Start) -> None:
    """A terminal made smaller and larger again between two pictures gets the region anew at once."""
    # Slow, with a seed whose first picture comes soon and whose second is seconds away: this is between the two.
    one = terminal("-m", "hello", "-s", "0.2", "--seed", "317")
    one.read_until("hello", seconds=60)
    one.drain()
    mark = len(one.output)
    for size in ((20, 4), (80, 24)):
        one.resize(*size)
        os.kill(one.process.pid, signal.SIGWINCH)
        one.watch(0.3)
    assert one.output[mark:].count(ansi.ERASE_BELOW) >= 2
    one.type("\x03")
    assert one.wait() == -signal.SIGINT


def test_a_vanished_terminal_ends_the_show(terminal: Start) -> None:
    """When the window is closed without a signal being heard the process does not linger."""
    one = terminal("-m", "hello", "-s", "4")
    one.read_until("hello")
    os.close(one.slave)
    os.close(one.master)
    one.master, one.slave = os.pipe()
    assert one.process.wait(10) in (129, -signal.SIGHUP)


def test_the_deadline_holds_in_any_module(terminal: Start) -> None:
    """--exit-after-time ends with status 0, whatever the module is doing."""
    for show in SHOWS:
        one = terminal("-m", show, "--exit-after-time", "1s")
        assert one.wait() == 0
        if one.output:  # a machine with much else to do has not come to the first line
            assert_left_well(one)


def test_two_plays_of_a_seed_show_the_same(terminal: Start) -> None:
    """In a terminal, too, a seed is a show: the finished lines are the same, byte for byte."""
    plays = [terminal("-m", "hello", "-s", "300", "--seed", "7", "--exit-after-modules", "1") for _ in range(2)]
    seen = []
    for one in plays:
        assert one.wait() == 0
        screen = Screen(80, 24)
        screen.feed(one.output)
        seen.append(screen.lines)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 14  # twelve hosts and two lines at the end


def test_a_dumb_terminal_gets_plain_lines(terminal: Start) -> None:
    """Where TERM is dumb nothing but text is sent."""
    one = terminal("-m", "hello", "-s", "300", "--exit-after-modules", "1", TERM="dumb")
    assert one.wait() == 0
    assert ansi.ESC not in one.output


def test_no_color_keeps_the_motion(terminal: Start) -> None:
    """Colour and motion are two decisions."""
    one = terminal("-m", "hello", "-s", "300", "--exit-after-modules", "1", NO_COLOR="1")
    assert one.wait() == 0
    assert ansi.SGR.search(one.output) is None or set(ansi.SGR.findall(one.output)) <= {"0", ""}
    assert ansi.HIDE_CURSOR in one.output


def test_ctrl_z_gives_the_terminal_away_and_takes_it_back(terminal: Start) -> None:
    """Stopped and continued twice, the show goes on; while stopped the cursor is shown and no row is left."""
    # Only a shell with job control stops its children; it waits for a line before it continues each.
    show = f"{sys.executable} -m fakeact -m hello -s 4"
    script = f"set -m; {show}; echo STOP1; read -r _; fg; echo STOP2; read -r _; fg"
    one = terminal(command=["bash", "-c", script])
    for stop in ("STOP1", "STOP2"):
        one.read_until("hosts", after=len(one.output))
        one.type("\x1a")
        one.read_until(stop)
        before = one.output[: one.output.index(stop)]
        assert before.rfind(ansi.SHOW_CURSOR) > before.rfind(ansi.HIDE_CURSOR)
        one.type("\n")
    one.read_until("hosts", after=len(one.output))
    one.type("\x03")
    assert one.wait() in (130, -signal.SIGINT)  # and with the show the script ends
    screen = Screen(80, 24)
    screen.feed(one.output.replace("^C", "").replace("^Z", ""))
    told = [line for line in screen.lines if "node-" in line]
    assert not [line for line in screen.lines if "hosts" in line]
    assert len(told) == len(set(told))
