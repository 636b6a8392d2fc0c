"""Every rule of the kit catches a module that breaks just that rule; the bundled modules hold them all."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from time import sleep as nap
from typing import Annotated, Any

import pytest

from fakeact import IO, Module
from fakeact.plugins import discover
from fakeact.pytest_plugin import Perform
from fakeact.recording import restless
from fakeact.style import red
from fakeact.testing import CHECKS, BrokenRule, broken_rules, check_module

BUNDLED = discover().modules
OPTIONS: dict[str, dict[str, Any]] = {
    "llm_training": {"steps": 40, "epochs": 1, "scenario": "pretrain", "faults": "none"}
}
"""Options that make a long show short; the rules are the same."""


async def sound(io: IO, rng: random.Random) -> None:
    """Hold every rule."""
    async with io.live() as live:
        for number in range(5):
            await io.print(red(f"{number} {rng.random()}"))
            await live.show(f"row {number}")
            await io.csleep(rng.uniform(200, 900))


async def endless(io: IO, rng: random.Random) -> None:
    """Never end."""
    while True:
        await io.print(str(rng.random()))
        await io.csleep(20_000)


async def prints_for_ever(io: IO, rng: random.Random) -> None:
    """Print without sleeping."""
    while True:
        await io.print(str(rng.random()))


async def turns_for_ever(io: IO, rng: random.Random) -> None:
    """Let the loop turn, but no time pass."""
    while True:
        await asyncio.sleep(0)


async def blocks(io: IO, rng: random.Random) -> None:
    """Sleep as a script does."""
    await sound(io, rng)
    time.sleep(9)


async def blocks_by_another_name(io: IO, rng: random.Random) -> None:
    """Sleep as a script does that has imported the name."""
    await sound(io, rng)
    nap(9)


async def failing(io: IO, rng: random.Random) -> None:
    """Fail."""
    await sound(io, rng)
    raise ZeroDivisionError


async def fails_when_told(io: IO, rng: random.Random) -> None:
    """Turn the end into an error."""
    try:
        await sound(io, rng)
    finally:
        if io.should_exit():
            raise ZeroDivisionError


async def deaf(io: IO, rng: random.Random) -> None:
    """Swallow the news that the show is over."""
    for _ in range(1_000_000):
        with contextlib.suppress(asyncio.CancelledError):
            await io.print(str(rng.random()))
            await io.csleep(5000 if io.now().hour < 11 else 0)
        if io.now().hour == 11:
            return


async def own_dice(io: IO, rng: random.Random) -> None:
    """Roll dice of its own."""
    await sound(io, rng)
    await io.print(str(random.SystemRandom().random()))


async def no_dice(io: IO, rng: random.Random) -> None:
    """Roll no dice."""
    await io.print("always the same")


async def idle_dice(io: IO, rng: random.Random) -> None:
    """Roll dice for nothing."""
    rng.random()
    await no_dice(io, rng)


async def fails_when_narrow(io: IO, rng: random.Random) -> None:
    """Need more columns than there are."""
    await sound(io, rng)
    await io.print("-" * (30 // (io.width // 30)))


async def rewrites_wrapped_lines(io: IO, rng: random.Random) -> None:
    """Rewrite a line that does not fit."""
    for _ in range(3):
        await io.print(f"{rng.random()} {'x' * 40}")
        await io.csleep(500)
        await io.cursor_up()
        await io.erase_line()


async def rewrites_above_its_region(io: IO, rng: random.Random) -> None:
    """Rewrite a line that does not fit, and have a live region at another time."""
    await sound(io, rng)
    await rewrites_wrapped_lines(io, rng)


async def only_for_utf8(io: IO, rng: random.Random) -> None:
    """Say nothing that ASCII could."""
    await sound(io, rng)
    await io.print("損失は" * 20)


async def default_out_of_range(io: IO, rng: random.Random, *, hosts: Annotated[int, range(1, 9)] = 12) -> None:
    """Have a default that may not be chosen."""
    await sound(io, rng)


async def late(io: IO, rng: random.Random) -> None:
    """Begin after a long while."""
    await io.csleep(5000)
    await sound(io, rng)


async def seems_dead(io: IO, rng: random.Random) -> None:
    """Sleep for minutes."""
    await sound(io, rng)
    await io.csleep(300_000)
    await io.print("still here")


async def connects(io: IO, rng: random.Random) -> None:
    """Open a socket."""
    await sound(io, rng)
    socket.socket().close()


async def starts_a_process(io: IO, rng: random.Random) -> None:
    """Start a process."""
    await sound(io, rng)
    subprocess.run([sys.executable, "-c", ""], check=True)


async def writes(io: IO, rng: random.Random) -> None:
    """Write a file."""
    await sound(io, rng)
    Path(os.devnull).write_text("x")


async def asks_the_environment(io: IO, rng: random.Random) -> None:
    """Ask for an environment variable."""
    await sound(io, rng)
    os.environ.get("HOME")


async def asks_in_another_way(io: IO, rng: random.Random) -> None:
    """Ask for an environment variable through os.getenv, and whether there is one."""
    await sound(io, rng)
    os.getenv("HOME")


async def forgets_await(io: IO, rng: random.Random) -> None:
    """Call what has to be awaited."""
    await sound(io, rng)
    io.csleep(100)  # type: ignore[unused-coroutine]


async def prints_by_itself(io: IO, rng: random.Random) -> None:
    """Use the print of Python."""
    await sound(io, rng)
    print("hello")


async def shared_dice(io: IO, rng: random.Random) -> None:
    """Roll everybody's dice."""
    await sound(io, rng)
    random.random()


async def secret(io: IO, rng: random.Random) -> None:
    """Show a key."""
    await sound(io, rng)
    await io.print("export AWS_ACCESS_KEY_ID=AKIA" + "Z" * 16)


async def real_address(io: IO, rng: random.Random) -> None:
    """Name somebody's server."""
    await sound(io, rng)
    await io.print("connecting to 8.8.8.8 ...")


BREAKERS: dict[Callable[..., Any], str] = {
    endless: "plays_to_its_end",
    prints_for_ever: "plays_to_its_end",
    turns_for_ever: "plays_to_its_end",
    blocks: "does_not_block",
    blocks_by_another_name: "does_not_block",
    failing: "plays_to_its_end",
    forgets_await: "plays_to_its_end",
    prints_by_itself: "is_inert",
    fails_when_told: "ends_when_told",
    deaf: "ends_when_told",
    own_dice: "is_the_same_under_one_seed",
    idle_dice: "differs_with_the_seed",
    fails_when_narrow: "fits_every_size",
    rewrites_wrapped_lines: "fits_every_size",
    only_for_utf8: "is_readable_without_utf8",
    default_out_of_range: "has_possible_defaults",
    late: "begins_at_once",
    seems_dead: "never_seems_dead",
    connects: "is_inert",
    starts_a_process: "is_inert",
    writes: "is_inert",
    asks_the_environment: "is_inert",
    asks_in_another_way: "is_inert",
    rewrites_above_its_region: "fits_every_size",
    shared_dice: "leaves_shared_dice_alone",
    secret: "shows_no_credential",
    real_address: "names_no_real_address",
}
HELD_BY_THE_CORE = {"is_readable_without_colour", "leaves_a_fresh_line"}
"""Rules that io does not let a module break; they stay, for whoever changes io."""


def broken_by(module: Module) -> set[str]:
    """The rules that a module breaks, apart from what can't be told of one that fails."""
    broken = set()
    for check in CHECKS:
        try:
            check(module)
        except BrokenRule:
            broken.add(check.__name__)
    return broken


def test_a_sound_module_holds_every_rule() -> None:
    """The module that the others are spoiled from breaks nothing."""
    assert broken_by(Module("sound", "./sound", sound)) == set()
    check_module(Module("sound", "./sound", sound))


@pytest.mark.parametrize("run", BREAKERS, ids=lambda run: run.__name__)
def test_a_rule_catches_who_breaks_it(run: Callable[..., Any]) -> None:
    """Each way to break a rule is found by that rule."""
    rule = next(check for check in CHECKS if check.__name__ == BREAKERS[run])
    with pytest.raises(BrokenRule) as caught:
        rule(Module(run.__name__, "./x", run))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "run",
    [
        late,
        default_out_of_range,
        blocks,
        idle_dice,
        connects,
        secret,
        real_address,
        shared_dice,
        seems_dead,
        only_for_utf8,
    ],
)
def test_a_spoiled_module_breaks_one_rule(run: Callable[..., Any]) -> None:
    """A rule does not stumble over what is another's business."""
    assert broken_by(Module(run.__name__, "./x", run)) == {BREAKERS[run]}


def test_a_show_without_dice_is_no_fault() -> None:
    """A show that never asks its rng may be the same each time."""
    assert broken_by(Module("no_dice", "", no_dice)) == set()


@pytest.mark.parametrize("run", [prints_for_ever, turns_for_ever])
def test_who_never_sleeps_is_told_so_at_once(run: Callable[..., Any]) -> None:
    """One line says it, instead of a report that never comes."""
    assert [why for _, why in broken_rules(Module("x", "", run))] == [
        "never sleeps: await io.csleep(ms) lets time pass (no other rule can be looked at until it does)"
    ]


def test_who_does_not_let_the_loop_turn_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An alarm ends what neither prints nor turns, where there are alarms."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("no alarms there")
    monkeypatch.setattr(restless, "PATROL", 0.1)

    async def spins(io: IO, rng: random.Random) -> None:
        while True:
            pass

    (why,) = [why for _, why in broken_rules(Module("spins", "", spins))]
    assert why.startswith("blocks the show")


def test_a_module_that_shows_nothing_has_a_report() -> None:
    """Rules about what is seen can be asked about a show in which nothing is."""

    async def nothing(io: IO, rng: random.Random) -> None:
        """Show nothing."""

    broken = [claim for claim, why in broken_rules(Module("nothing", "", nothing)) if why]
    assert "Something is seen within two seconds." in broken


def test_heavy_imports_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that imports numpy at its top breaks the rule about light imports."""
    (tmp_path / "heavy_show.py").write_text("import numpy\nasync def run(io, rng): await io.print('x')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import heavy_show  # type: ignore[import-not-found]

    rule = next(check for check in CHECKS if check.__name__ == "imports_light")
    with pytest.raises(BrokenRule, match="numpy"):
        rule(Module("heavy", "./heavy", heavy_show.run))


def test_compiling_is_not_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python writes to keep a compiled module is not held against a show that imports one."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "fresh_words.py").write_text("WORDS = ['x']\n")

    async def imports(io: IO, rng: random.Random) -> None:
        """Import a module that was never compiled."""
        await sound(io, rng)
        import fresh_words  # type: ignore[import-not-found]

        await io.print(fresh_words.WORDS[0])

    next(check for check in CHECKS if check.__name__ == "is_inert")(Module("imports", "./x", imports))
    assert list(tmp_path.glob("__pycache__/fresh_words*.pyc"))


def test_the_fixture_plays(perform: Perform) -> None:
    """The fixture of pytest gives the performance, and does not hide what a module raises."""
    assert perform(Module("sound", "./sound", sound), seed=3).ended == "finished"
    with pytest.raises(ZeroDivisionError):
        perform(Module("failing", "./failing", failing))


def test_no_rule_goes_untested() -> None:
    """Every rule has a module that breaks it, or a reason why there is none."""
    assert {check.__name__ for check in CHECKS} == {*BREAKERS.values(), *HELD_BY_THE_CORE, "imports_light"}


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_bundled_modules_hold_every_rule(name: str) -> None:
    """What we ask of others we hold ourselves."""
    complaints = {claim: why for claim, why in broken_rules(BUNDLED[name], **OPTIONS.get(name, {})) if why}
    assert complaints == {}
