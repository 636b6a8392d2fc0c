"""What keeps shows quick and cheap, held without a clock: imports, writes, bytes, calls, allocations."""

import gc
import json
import math
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fakeact_cargo
import fakeact_hello
import fakeact_llm_training
import fakeact_memdump
import numpy as np
import pytest
from fakeact_llm_training.dialects import NAMES
from fakeact_llm_training.heat_map import longest_name
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.history import History
from fakeact_llm_training.sim.run import TrainingRun
from scipy import special

from fakeact import IO, Module, ansi
from fakeact.clock import Clock, ShowLoop, VirtualWall
from fakeact.ending import Over
from fakeact.runner import Programme, Runner
from fakeact.screen import Screen
from fakeact.testing import perform
from fakeact.testing.performance import STARTED
from fakeact.widgets import tqdm_meter

HEAVY = {"numpy", "scipy", "importlib.metadata", "importlib.resources", "zipfile", "email", "tempfile", "pathlib"}
"""What costs a tenth of a start or more each, and what nothing needs before the first line."""

ROTATION = (fakeact_cargo, fakeact_hello, fakeact_memdump)
"""Plugins that differ in kind and are quick to play."""

LASTING = str(Path(__file__).parent.parent / "benchmarks" / "lasting.py")

FIRST_LINE = """
import json, os, sys
from fakeact import cli
from fakeact.stages.plain import PlainStage
def write(self, text):
    os.write(1, json.dumps(sorted(sys.modules)).encode())
    os._exit(0)
PlainStage.write = write
cli.main(sys.argv[1:])
"""
AT_EXIT = """
import atexit, json, os, sys
atexit.register(lambda: os.write(2, json.dumps(sorted(sys.modules)).encode()))
from fakeact import cli
cli.main(sys.argv[1:])
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """Modules that a command has imported when it tells them."""
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": "/nonexistent"})
    found: list[str] = json.loads(run.stderr or run.stdout)
    return set(found)


MINUTE = """
import json, random, sys
from fakeact.testing import perform
from fakeact_llm_training import fakeact_modules
perform(*fakeact_modules(), seconds=60.0)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("dialect", NAMES)
def test_little_is_imported_before_the_first_line(dialect: str) -> None:
    """Up to its first line the star needs asyncio and its scenario, but no arrays, no events, no metadata reader."""
    there = loaded(FIRST_LINE, "-m", "llm_training", "--seed", "4", "-o", f"dialect={dialect}")
    assert not there & HEAVY
    assert not there & {"fakeact_llm_training.sim.run", "fakeact_llm_training.sim.events", "statistics"}
    assert len(there) < 300


def test_all_is_imported_within_a_minute() -> None:
    """What the star needs later is there by then: no picture waits for it, and memory does not grow by it.

    What it never needs is not: scipy would bring all of numpy along.
    """
    package = Path(fakeact_llm_training.__file__).parent
    files = (path.relative_to(package.parent).with_suffix("") for path in package.rglob("*.py"))
    there = loaded(MINUTE)
    assert {".".join(file.parts).removesuffix(".__init__") for file in files} <= there
    assert not there & {"numpy.f2py", "numpy.testing", "numpy.ma", "unittest"}


def test_help_imports_neither_a_loop_nor_plugins() -> None:
    """The help text is there before a show could be."""
    there = loaded(AT_EXIT, "--help")
    assert not there & {*HEAVY, "asyncio", "pluggy", "fakeact.plugins", "fakeact.runner"}


def test_a_listing_imports_entry_modules_only() -> None:
    """All modules are listed without an event loop and without any plugin's inside."""
    there = loaded(AT_EXIT, "-l")
    assert not there & {*HEAVY, "asyncio"}
    assert not [name for name in there if name.startswith("fakeact_") and "." in name]


def test_a_frame_of_bars_is_one_write_and_half_the_bytes() -> None:
    """Two bars that move on cost one write a frame, and less than half of what drawing them whole would."""
    frames = 60
    drawn: list[tuple[str, str]] = []

    async def bars(io: IO, rng: random.Random) -> None:
        async with io.live() as live:
            for n in range(1, frames + 1):
                postfix = f"loss={2.5 - n / 400:.4f}"
                drawn.append(
                    (
                        tqdm_meter(n * 3, 1200, n / 10, 79, "train", "step", postfix=postfix),
                        tqdm_meter(n * 3 % 40, 40, n / 10 % 1.4, 79, "epoch", "batch", postfix=postfix),
                    )
                )
                await live.show(*drawn[-1])
                await io.csleep(100)

    played = perform(Module("bars", "", bars))
    whole = sum(len(("\r" + ansi.ERASE_BELOW + "\n".join(rows) + "\r" + ansi.up(1)).encode()) for rows in drawn)
    assert frames <= len(played.frames) <= frames + 2
    assert len(played.raw.encode()) < whole / 2


def counted(calls: dict[str, int]) -> Any:
    """scipy.special whose functions are counted."""

    def wrap(name: str) -> Any:
        def call(*arguments: Any) -> Any:
            calls[name] = calls.get(name, 0) + 1
            return getattr(special, name)(*arguments)

        return call

    return SimpleNamespace(**{name: wrap(name) for name in dir(special) if not name.startswith("_")})


def a_run(functions: Any = special) -> TrainingRun:
    scenario = draw(random.Random(3), gpus=64, gpu="h100")
    return TrainingRun(scenario, np.random.default_rng(1), functions)


def test_scipy_is_called_for_blocks_of_steps() -> None:
    """Random numbers come in blocks: a step calls scipy's functions less than once in ten."""
    calls: dict[str, int] = {}
    run = a_run(counted(calls))
    while run.step < 200:
        run.advance(1.0)
    assert 0 < sum(calls.values()) < 200 / 10


def growth(before: Callable[[], object], then: Callable[[], object]) -> int:
    """Bytes by which traced memory is larger when both are done than when the first was: it filled what is refilled."""
    tracemalloc.start()
    sizes = []
    for part in (before, then):
        part()
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return sizes[1] - sizes[0]


def a_long_run(faults: str) -> TrainingRun:
    """Of 100,000 steps on a few GPUs; one that faults might end saves often, but none comes."""
    scenario = draw(random.Random(3), model="gpt2", gpus=8, gpu="h100", steps=100_000, epochs=1, faults="none")
    saves = {"none": 50_000, "some": 100}[faults]
    wishes = {"faults": faults, "checkpoint_interval": saves, "validation_interval": 100, "keep_checkpoints": None}
    run = TrainingRun(replace(scenario, **wishes), np.random.default_rng(1), special)
    run._story.fate.due = math.inf
    return run


@pytest.mark.parametrize("faults", ["none", "some"])
def test_a_run_of_very_many_steps_does_not_grow(faults: str) -> None:
    """Fifteen hundred steps and fifteen validations more leave nothing behind, in a tracker's history neither."""
    run, history = a_long_run(faults), History()

    def advance(step: int) -> None:
        while run.step < step:
            for event in run.advance(10 * run.scenario.step_time):
                history.feed(event)

    assert growth(lambda: advance(1500), lambda: advance(3000)) < 16 * 1024


def test_the_machines_of_runs_that_are_over_are_forgotten() -> None:
    """Twenty runs on thousands of GPUs, one after the other, keep no more names than the last of them need."""
    site = draw(random.Random(3), gpus=4096, gpu="h100").site

    def name_machines(seeds: range) -> None:
        for seed in seeds:
            other = site._replace(pid_seed=seed)
            assert longest_name(other) == max(map(len, other.hosts))

    assert growth(lambda: name_machines(range(5)), lambda: name_machines(range(5, 25))) < 64 * 1024


class Nowhere:
    """A terminal that throws away what it is sent."""

    motion = True

    def size(self) -> tuple[int, int]:
        return 80, 24

    def write(self, text: str) -> None:
        pass

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass


def rotate(seed: int, seconds: float) -> None:
    """Play some quick modules in turn, thrown away as it is drawn."""
    over, clock = Over(), Clock(VirtualWall())
    screen = Screen(Nowhere(), over)
    clock.on_frame = screen.show
    modules = [module for entry in ROTATION for module in entry.fakeact_modules()]
    programme = Programme(modules, seed, most_seconds=seconds)
    loop = ShowLoop(clock)
    try:
        loop.run_until_complete(Runner(programme, screen, clock, over).play(STARTED))
    finally:
        loop.close()


def test_a_rotation_does_not_grow() -> None:
    """Once word lists are read and caches filled, the same modules in turn leave nothing behind."""
    assert growth(lambda: rotate(1, 100.0), lambda: rotate(1, 100.0)) < 4 * 1024


@pytest.mark.soak
@pytest.mark.parametrize(("show", "hours", "most"), [("run", 24, 2), ("star", 168, 12), ("all", 24, 12)])
def test_a_week_leaves_little_behind(show: str, hours: int, most: int) -> None:
    """After a week of virtual time the same minute of the same show takes few MiB more: pages that are not all free."""
    assert left_by(show, str(hours))["resident"] < most


@pytest.mark.soak
def test_hours_leave_no_objects_behind() -> None:
    """After eight hours of virtual time Python holds as much as before, to a quarter of a MiB."""
    assert left_by("star", "8", "traced")["traced"] < 0.25


def left_by(*play: str) -> dict[str, float]:
    """MiB that a play leaves behind, measured as ``make bench`` does it."""
    run = subprocess.run([sys.executable, LASTING, *play], capture_output=True, text=True, check=True)
    left: dict[str, float] = json.loads(run.stdout)
    return left
