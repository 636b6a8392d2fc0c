"""What keeps shows quick and cheap, held without a clock: imports, writes, bytes, calls, allocations."""

import json
import random
import subprocess
import sys
import tracemalloc
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakeact_llm_training.dialects import NAMES
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.run import TrainingRun
from scipy import special

from fakeact import IO, Module, ansi
from fakeact.testing import perform
from fakeact.widgets import tqdm_meter

HEAVY = {"numpy", "scipy", "importlib.metadata", "importlib.resources", "zipfile", "email", "tempfile", "pathlib"}
"""What costs a tenth of a start or more each, and what nothing needs before the first line."""

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


@pytest.mark.parametrize("dialect", NAMES)
def test_little_is_imported_before_the_first_line(dialect: str) -> None:
    """Up to its first line the star needs asyncio and its scenario, but no arrays, no events, no metadata reader."""
    there = loaded(FIRST_LINE, "-m", "llm_training", "--seed", "4", "-o", f"dialect={dialect}")
    assert not there & HEAVY
    assert not there & {"fakeact_llm_training.sim.run", "fakeact_llm_training.sim.events", "statistics"}
    assert len(there) < 300


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


def test_a_run_does_not_grow() -> None:
    """Half an hour more of a run leaves no more behind than some kilobytes."""
    run = a_run()
    run.advance(60.0)
    tracemalloc.start()
    for _ in range(60):
        run.advance(1.0)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(240):
        run.advance(1.0)
    growth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert growth < 64 * 1024
