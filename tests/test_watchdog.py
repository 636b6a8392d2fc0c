"""Modules that never let go of the event loop are interrupted, so that the others have their turn."""

import subprocess
import sys
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from fakeact import IO, Module, watchdog
from fakeact.errors import ModuleError
from fakeact.testing import perform
from fakeact.watchdog import AGAIN, PATROL, Watchdog


def clock(rests: int = 3, resting: bool = False) -> Any:
    """As much of a clock as a watchdog looks at."""
    return SimpleNamespace(rests=rests, resting=resting)


def test_a_module_that_has_not_slept_is_evicted_then_interrupted() -> None:
    """After a look without a rest since the last it is told to leave, after another an error is raised inside it."""
    evicted: list[ModuleError] = []
    dog = Watchdog(clock(), evicted.append)
    answers: list[float] = []

    async def blocks(io: IO, rng: Random) -> None:
        answers.extend(dog.look(sys._getframe()) for _ in range(3))

    assert isinstance(perform(Module("blocks", "", blocks)).error, ModuleError)
    assert len(evicted) == 1


def test_who_sleeps_is_left_alone() -> None:
    """A rest since the last look, or one that goes on, is enough."""
    moving, waiting = clock(), clock(resting=True)
    dog, other = Watchdog(moving, pytest.fail), Watchdog(waiting, pytest.fail)
    for _ in range(3):
        assert dog.look(None) == PATROL
        moving.rests += 1
        assert other.look(None) == PATROL


def test_a_terminal_may_take_its_time() -> None:
    """While text is being written, to a reader that pauses, nobody is evicted; the dog looks again soon."""
    dog = Watchdog(clock(), pytest.fail)
    writes: dict[str, Any] = {"__name__": "fakeact.stages.plain", "look": dog.look}
    exec("import sys\ndef write(): return look(sys._getframe())", writes)
    answers: list[float] = []

    async def floods(io: IO, rng: Random) -> None:
        answers.extend(writes["write"]() for _ in range(3))

    assert perform(Module("floods", "", floods)).error is None
    assert answers == [PATROL, AGAIN, AGAIN]


def test_nothing_outside_a_task_is_interrupted() -> None:
    """An exception has to end in somebody's task."""
    dog = Watchdog(clock(), lambda error: None)
    assert [dog.look(sys._getframe()) for _ in range(3)] == [PATROL, AGAIN, AGAIN]


SHOWS = """
import asyncio, time
from fakeact import Module, hookimpl
async def blocks(io, rng):
    async with io.live() as live:
        await live.show("a row")
        await io.csleep(10)
        time.sleep(600)
async def spins(io, rng):
    while True: await asyncio.sleep(0)
async def floods(io, rng):
    while True: await io.print("y" * 70)
async def fine(io, rng):
    await io.print("played on")
    await io.csleep(10)
@hookimpl
def fakeact_modules(): return [Module(run.__name__, "", run) for run in (blocks, spins, floods, fine)]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no alarms there")
@pytest.mark.parametrize("name", ["blocks", "spins", "floods"])
def test_the_others_play_on(tmp_path: Path, name: str) -> None:
    """A module that blocks, spins or floods costs one line, and the next one plays."""
    (tmp_path / "shows.py").write_text(SHOWS)
    said = ["--plugin", str(tmp_path / "shows.py"), "-m", f"{name},fine", "--exit-after-modules", "3"]
    code = f"from fakeact import cli, watchdog; watchdog.PATROL = 0.2; cli.main({said!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stdout.count("played on\n") == 2
    assert done.stderr.count("\n") == 1
    assert f"module {name!r} of" in done.stderr
    assert "blocks the show" in done.stderr


PAUSES = """
import time
from fakeact import Module, hookimpl
async def pauses(io, rng):
    await io.print("begun")
    await io.csleep(0)
    time.sleep(1.5)
    await io.print("played on")
@hookimpl
def fakeact_modules(): return [Module("pauses", "", pauses)]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no alarms there")
def test_a_deadline_does_not_make_it_impatient(tmp_path: Path) -> None:
    """With --exit-after-time a module that blocks for less than the patrol is left alone, as without."""
    (tmp_path / "pauses.py").write_text(PAUSES)
    said = ["--plugin", str(tmp_path / "pauses.py"), "-m", "pauses", "--exit-after-modules", "1"]
    code = f"from fakeact import cli; cli.main({[*said, '--exit-after-time', '600s']!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\nplayed on\n", "")


def test_a_stop_is_no_evidence() -> None:
    """After Ctrl-Z and fg the dog begins anew."""
    dog = Watchdog(clock(), pytest.fail)
    for _ in range(3):
        assert dog.look(None) == PATROL
        dog.forget()


def test_a_look_costs_next_to_nothing() -> None:
    """The patrol's wake-ups stay far below what a show may have."""
    assert watchdog.PATROL >= 5
