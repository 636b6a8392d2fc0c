"""Which modules play, in what order, with which dice, and until when."""

import gc
import weakref
from collections.abc import Callable
from datetime import datetime
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest

from fakeact import IO, Module
from fakeact.clock import Clock, ShowLoop, VirtualWall
from fakeact.ending import Over
from fakeact.runner import Programme, Runner, shuffled
from fakeact.screen import Screen
from fakeact.session import Session
from fakeact.testing import perform
from fakeact.tidying import give_back

Make = Callable[..., Module]


class Notebook:
    """A stage that only keeps the text."""

    motion = False
    text = ""

    def size(self) -> tuple[int, int]:
        return 80, 24

    def write(self, text: str) -> None:
        self.text += text

    def open(self) -> None: ...

    def close(self) -> None: ...


def play(
    modules: list[Module],
    observe: Callable[..., Any] | None = None,
    seed: int = 1,
    tidy: Callable[[], object] = lambda: None,
    **limits: Any,
) -> Any:
    """Play a programme to its end; gives the runner, its clock and the lines printed."""
    clock, over, stage = Clock(VirtualWall()), Over(), Notebook()
    screen = Screen(stage, over)
    clock.on_frame = screen.show
    runner = Runner(Programme(modules, seed, **limits), screen, clock, over, observe, tidy=tidy)
    loop = ShowLoop(clock)
    try:
        loop.run_until_complete(runner.play(datetime(2026, 1, 30)))
    finally:
        loop.close()
    return runner, clock, stage.text.splitlines()


def speaker(name: str) -> Module:
    """A module that says its name and a number off its dice."""

    async def run(io: IO, rng: Random) -> None:
        await io.print(f"{name} {rng.random()}")
        await io.csleep(1000)

    return Module(name, name, run)


def names(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def test_a_shuffled_bag_has_no_immediate_repeat() -> None:
    """Every module comes once a round and never twice in a row, whatever the seed."""
    modules = [speaker(name) for name in "abcd"]
    for seed in range(50):
        order = [module.name for module in islice(shuffled(modules, seed, set()), 40)]
        assert all(sorted(order[i : i + 4]) == list("abcd") for i in range(0, 40, 4))
        assert all(a != b for a, b in pairwise(order))


def test_weights_are_how_often_a_module_comes() -> None:
    """In a round a module comes as often as its weight says, 0 is never, and still not twice in a row."""
    modules = [speaker(name) for name in "abcd"]
    weights = {"a": 3, "d": 0}
    for seed in range(20):
        order = [module.name for module in islice(shuffled(modules, seed, set(), weights), 10)]
        assert sorted(order[:5]) == list("aaabc")
        assert sum(a == b for a, b in pairwise(order)) <= 1  # three of five can force one neighbour


def test_seeds_change_the_order() -> None:
    """Another seed shuffles another way."""
    modules = [speaker(name) for name in "abcdef"]
    orders = {tuple(m.name for m in islice(shuffled(modules, seed, set()), 12)) for seed in range(5)}
    assert len(orders) == 5


def test_the_same_seed_gives_the_same_show() -> None:
    """A programme is a function of its seed."""
    modules = [speaker(name) for name in "abc"]
    assert play(modules, most_modules=9)[2] == play(modules, most_modules=9)[2]
    assert play(modules, most_modules=9)[2] != play(modules, most_modules=9, seed=2)[2]


def test_dice_do_not_depend_on_who_played_before() -> None:
    """Two programmes whose first module differs give the second the same dice."""

    async def greedy(io: IO, rng: Random) -> None:
        for _ in range(1000):
            rng.random()
        await io.csleep(1000)

    def said_by_z(first: Module, seed: int) -> list[str]:
        lines: list[str] = play([first, speaker("z")], most_modules=4, seed=seed)[2]
        return [line for line in lines if line.startswith("z")]

    for seed in range(5):
        assert said_by_z(Module("a", "a", greedy), seed) == said_by_z(speaker("a"), seed) != []


def test_exit_after_modules_counts_modules() -> None:
    """So many modules are played, no more."""
    assert len(play([speaker("a"), speaker("b")], most_modules=5)[2]) == 5


def test_exit_after_time_is_exact() -> None:
    """The deadline cuts a module off in the middle."""
    _, clock, lines = play([speaker("a")], most_seconds=2.5)
    assert (clock.playing, len(lines)) == (2.5, 3)


def test_max_module_time_ends_the_module_not_the_show() -> None:
    """A module that takes too long makes room for the next."""

    async def endless(io: IO, rng: Random) -> None:
        await io.print("endless")
        await io.csleep(1e9)

    _, clock, lines = play([Module("endless", "", endless), speaker("a")], module_seconds=10, most_modules=4)
    assert sorted(names(lines)) == ["a", "a", "endless", "endless"]
    assert clock.show == pytest.approx(22)


def test_a_module_that_fails_is_dropped_and_told_of() -> None:
    """One broken module costs one report; the others play on."""

    async def broken(io: IO, rng: Random) -> None:
        raise ZeroDivisionError("division by zero")

    told: list[tuple[str, str, object]] = []

    def observe(what: str, **facts: Any) -> None:
        told.append((what, facts["module"].name, facts.get("error")))

    runner, _, lines = play([Module("broken", "", broken), speaker("a")], observe, most_modules=5)
    assert names(lines) == ["a"] * 4
    failures = [entry for entry in told if entry[2]]
    assert [(what, name) for what, name, _ in failures] == [("finished", "broken")]
    assert not runner.all_broken


def test_a_show_ends_when_every_module_is_broken() -> None:
    """With nothing left to play the runner returns and says so."""

    async def broken(io: IO, rng: Random) -> None:
        raise ValueError("no")

    assert play([Module("x", "", broken), Module("y", "", broken)])[0].all_broken


def test_a_module_that_takes_no_time_does_not_spin() -> None:
    """An empty module is played once a second, not as fast as the machine can."""

    async def empty(io: IO, rng: Random) -> None:
        await io.print("empty")

    assert len(play([Module("empty", "", empty)], most_seconds=5)[2]) in (5, 6)


def test_instant_lines_are_lines(module: Make) -> None:
    """-i N prints N lines in no time, however they were printed, and then goes on at the normal pace."""

    async def run(io: IO, rng: Random) -> None:
        for number in range(20):
            await io.print(f"{number}a\n{number}b")
            await io.csleep(1000)

    _, clock, lines = play([Module("count", "", run)], most_modules=1, instant_lines=10)
    assert len(lines) == 40
    assert clock.playing == pytest.approx(16, abs=0.1)


def test_options_reach_the_module(module: Make) -> None:
    """What was chosen arrives as keyword arguments."""

    async def run(io: IO, rng: Random, *, size: int = 1) -> None:
        await io.print(str(size))

    assert perform(module(run), size=7).lines == ["7"]


def test_observers_hear_of_every_module() -> None:
    """Each module is announced with its seed before it plays, and reported when it has ended."""
    told: list[str] = []

    def observe(what: str, **facts: Any) -> None:
        told.append(f"{what} {facts['module'].name} {facts.get('seed', '')}".strip())

    play([speaker("a")], observe, most_modules=2, seed=9)
    assert told == ["started a 9/0", "finished a", "started a 9/1", "finished a"]


def test_a_show_takes_its_objects_along() -> None:
    """Between two shows it is tidied up: what only refers to itself is free when the next begins, collector or not."""

    class Knot:
        """Something that holds on to itself."""

        def __init__(self) -> None:
            self.me = self

    left: list[weakref.ref[Knot]] = []
    seen: list[bool] = []

    async def run(io: IO, rng: Random) -> None:
        seen.extend(knot() is None for knot in left)
        left.append(weakref.ref(Knot()))
        await io.csleep(1000)

    gc.disable()
    try:
        play([Module("one", "one", run), Module("two", "two", run)], tidy=give_back, most_modules=2)
    finally:
        gc.enable()
    assert seen == [True]


def test_a_session_tidies_up_between_two_shows_and_at_no_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr("fakeact.session.give_back", lambda: heard.append("tidied"))

    async def run(io: IO, rng: Random) -> None:
        heard.append("show")
        await io.csleep(1)

    modules = [Module("one", "one", run), Module("two", "two", run)]
    programme = Programme(modules, 1, most_modules=2)
    Session(programme, Notebook(), 1000.0, lambda _what, **_facts: None, saver=False, debug=False).play()
    assert heard == ["show", "tidied", "show"]
