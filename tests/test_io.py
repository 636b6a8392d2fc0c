"""What a module plays on."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest

from fakeact import IO, Exit, Module, ansi
from fakeact.clock import Clock, RealWall
from fakeact.ending import Over
from fakeact.errors import RegionError
from fakeact.screen import Screen
from fakeact.stages.colour import Depth
from fakeact.stages.plain import PlainStage
from fakeact.style import red
from fakeact.testing import perform

Make = Callable[..., Module]


def test_a_frame_is_one_write(module: Make) -> None:
    """What is printed between two sleeps goes out together."""

    async def run(io: IO, rng: Random) -> None:
        await io.print("a")
        await io.print("b")
        await io.csleep(1000)
        await io.print("c")

    played = perform(module(run))
    assert [(frame.at, frame.text) for frame in played.frames] == [(0.0, "a\nb\n"), (1.0, "c\n")]


def test_sleeping_is_where_the_show_ends(module: Make) -> None:
    """A module that never looks whether it should exit ends at its next sleep, and tidies up."""
    seen: list[str] = []

    async def run(io: IO, rng: Random) -> None:
        try:
            while True:
                try:
                    await io.csleep(700)
                except Exception:
                    seen.append("swallowed")
        except Exit:
            assert io.should_exit()
            await io.print("a last word")
            raise
        finally:
            seen.append("tidied up")

    played = perform(module(run), seconds=3)
    assert (played.ended, played.seconds, played.lines) == ("stopped", 3.0, ["a last word"])
    assert seen == ["tidied up"]


@pytest.mark.parametrize(("interrupt", "signal"), [(2.5, 2), (None, 0)])
def test_a_module_can_tell_ctrl_c_from_a_deadline(module: Make, interrupt: float | None, signal: int) -> None:
    """The signal is there for a last word, at the moment it came; a deadline is none."""
    seen: list[int] = []

    async def run(io: IO, rng: Random) -> None:
        try:
            await io.csleep(60_000)
        finally:
            seen.append(io.signal)

    played = perform(module(run), seconds=3, interrupt=interrupt)
    assert (seen, played.seconds) == ([signal], interrupt or 3.0)


def test_exit_reaches_every_task_of_a_group(module: Make) -> None:
    """Tasks of a group end quietly together."""
    ended: list[int] = []

    async def run(io: IO, rng: Random) -> None:
        async def worker(number: int) -> None:
            try:
                while True:
                    await io.csleep(10 * number)
            finally:
                ended.append(number)

        async with asyncio.TaskGroup() as group:
            for number in (1, 2, 3):
                group.create_task(worker(number))

    assert perform(module(run), seconds=1).ended == "stopped"
    assert sorted(ended) == [1, 2, 3]


def test_a_module_that_swallows_exit_ends_all_the_same(module: Make) -> None:
    """Nobody can hold on to the stage."""

    async def run(io: IO, rng: Random) -> None:
        while True:
            try:
                await io.csleep(100)
            except Exit:
                await asyncio.sleep(0)

    assert perform(module(run), seconds=1).ended == "stopped"


def test_a_module_waiting_for_something_else_ends_too(module: Make) -> None:
    """Also a wait that is not io's is cut short when the show is over."""

    async def run(io: IO, rng: Random) -> None:
        await asyncio.sleep(1e6)

    assert perform(module(run), seconds=1).seconds == 1.0


def test_tasks_left_behind_do_not_play_on(module: Make) -> None:
    """A task its module forgot does not print into the next show."""
    forgotten = []

    async def run(io: IO, rng: Random) -> None:
        async def ghost() -> None:
            while True:
                await asyncio.sleep(1)
                await io.print("boo")

        forgotten.append(asyncio.create_task(ghost()))
        await io.csleep(2500)

    assert perform(module(run)).lines == ["boo", "boo"]
    assert forgotten[0].cancelled()


def test_csleep_counts_show_time(module: Make) -> None:
    """At ten times the speed a viewer waits a tenth, and the show's date runs ten times as fast."""

    async def run(io: IO, rng: Random) -> None:
        await io.csleep(60_000)
        await io.print(io.now().isoformat())

    started = datetime(2026, 1, 30, 12)
    played = perform(module(run), speed=10, started=started)
    assert played.seconds == pytest.approx(6)
    assert played.lines == [(started + timedelta(minutes=1)).isoformat()]


def test_dprint_types_characters_and_whole_colours(module: Make) -> None:
    """A colour code is never torn apart and takes no time."""

    async def run(io: IO, rng: Random) -> None:
        await io.dprint(red("ab"), 500)
        await io.newline()

    played = perform(module(run))
    assert [(frame.at, ansi.strip(frame.text)) for frame in played.frames] == [
        (0.0, "a"),
        (0.5, "b"),
        (1.0, "\n"),
    ]


def test_text_cannot_move_the_cursor(module: Make) -> None:
    """Control characters in what a module prints have no effect."""

    async def run(io: IO, rng: Random) -> None:
        await io.print("one\rtwo" + ansi.up(5) + "\x07" + "\x1b]0;title\x07" + "three")

    assert perform(module(run)).lines == ["onetwothree"]


def test_tabs_become_blanks_up_to_the_next_stop(module: Make) -> None:
    """A tab counts from the line's beginning, also in an unfinished line."""

    async def run(io: IO, rng: Random) -> None:
        await io.print("abc", end="")
        await io.print("\td")

    assert perform(module(run)).lines == ["abc     d"]


def test_rewriting_lines_outside_a_region(module: Make) -> None:
    """cursor_up and erase_line do what genact's modules do with them."""

    async def run(io: IO, rng: Random) -> None:
        await io.print("first")
        await io.print("busy")
        await io.csleep(100)
        await io.cursor_up(1)
        await io.erase_line()
        await io.print("done")

    assert perform(module(run)).lines == ["first", "done"]


def test_the_cursor_belongs_to_the_region(module: Make) -> None:
    """Inside a live region moving the cursor is an error that says what to do instead."""

    async def run(io: IO, rng: Random) -> None:
        async with io.live():
            for forbidden in (io.cursor_up(1), io.erase_line()):
                with pytest.raises(RegionError, match="print above it"):
                    await forbidden
            with pytest.raises(RegionError, match="already"):
                async with io.live():
                    pass

    assert perform(module(run)).error is None


def test_a_region_that_is_gone_shows_nothing(module: Make) -> None:
    """Rows shown after the region's end are an error, not a region that nobody closes."""

    async def run(io: IO, rng: Random) -> None:
        async with io.live() as live:
            await live.show("row")
        with pytest.raises(RegionError, match="is gone"):
            await live.show("row")

    played = perform(module(run))
    assert played.error is None
    assert played.screen.cursor_shown


def test_unfinished_lines_ride_on_the_region(module: Make) -> None:
    """Half a line stands above the rows and is finished there."""

    async def run(io: IO, rng: Random) -> None:
        async with io.live(keep=True) as live:
            await io.print("loading ", end="")
            await live.show("bar 1")
            await io.csleep(100)
            await io.print("done")
            await live.show("bar 2")
            await io.csleep(100)

    played = perform(module(run))
    assert played.lines == ["loading done", "bar 2"]


@pytest.mark.parametrize(
    ("how", "stays"),
    [({"interrupt": 1.0}, True), ({"seconds": 1.0}, False), ({"interrupt": 1.0, "motion": False}, False), ({}, False)],
)
def test_a_region_that_stays_only_if_interrupted(module: Make, how: dict[str, Any], stays: bool) -> None:
    """Ctrl-C leaves such rows on a terminal; a deadline, a pipe and the region's own end don't."""

    async def run(io: IO, rng: Random) -> None:
        async with io.live(keep="interrupted") as live:
            await live.show("half done")
            await io.csleep(2000)

    played = perform(module(run), **how)
    assert played.lines == ["half done"] * stays
    assert played.screen.cursor[0] == 0


def test_a_region_goes_when_its_module_fails(module: Make) -> None:
    """An error inside the region leaves the text and no rows."""

    async def run(io: IO, rng: Random) -> None:
        async with io.live() as live:
            await io.print("text")
            await live.show("row")
            await io.csleep(100)
            raise ZeroDivisionError

    played = perform(module(run))
    assert played.lines == ["text"]
    assert (played.ended, type(played.error)) == ("failed", ZeroDivisionError)
    assert played.screen.cursor_shown


def test_in_a_pipe_only_finished_lines_appear(module: Make) -> None:
    """Without motion there are lines and, of a region, what is kept; no escape sequence at all."""

    async def run(io: IO, rng: Random) -> None:
        async with io.live(keep=True) as live:
            for share in range(10):
                await live.show(f"{share}0%")
                await io.csleep(100)
            await io.print(red("half "), end="")
            await io.csleep(100)
            await io.print("whole")

    played = perform(module(run), motion=False, color=False)
    assert played.raw == "half whole\n90%\n"


def test_a_flood_lets_others_have_their_turn(module: Make) -> None:
    """A module that prints without sleeping is let out in pieces and ends when it is told."""

    async def run(io: IO, rng: Random) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(flood(io))
            group.create_task(stop(io))

    async def flood(io: IO) -> None:
        while True:
            await io.print("x" * 1000)

    async def stop(io: IO) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        io._over.end()

    assert 50 < perform(module(run)).raw.count("\n") < 1000


def test_a_line_without_end_is_finished_at_the_end(module: Make) -> None:
    """A show leaves the cursor at the start of a fresh line."""

    async def run(io: IO, rng: Random) -> None:
        await io.print("no newline", end="")

    played = perform(module(run))
    assert played.raw == "no newline\n"
    assert played.screen.cursor == (0, 1)


def test_the_shortest_sleep_is_seen_in_the_date(module: Make) -> None:
    """Who sleeps for what is left until a date gets there, days into a show too, where a float's steps are larger."""

    async def run(io: IO, rng: Random) -> None:
        await io.csleep(4e8 + 0.0003)
        due = io.now() + timedelta(microseconds=1)
        await io.csleep(1e-12)
        assert io.now() == due

    played = perform(module(run), seconds=1e6)
    assert (played.error, played.ended) == (None, "finished")


def test_heavy_imports_take_no_show_time(module: Make) -> None:
    """What io.load gives is the module, and no time has passed."""

    async def run(io: IO, rng: Random) -> None:
        loading = io.load("json.tool")
        await io.print(f"{(await loading).__name__} {io.now():%S}")

    assert perform(module(run)).lines == ["json.tool 32"]


def test_threads_take_turns_as_before_once_all_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two modules that are loaded side by side in real time are imported one after the other."""
    names, usual = ("colorsys", "stringprep"), sys.getswitchinterval()
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)

    async def run() -> None:
        clock = Clock(RealWall())
        io = IO(Screen(PlainStage(StringIO(), Depth.NONE, (80, 24)), Over()), clock, Over(), datetime(2026, 1, 30))
        loads = [io.load(name) for name in names]
        assert [(await load).__name__ for load in loads] == list(names)

    asyncio.run(run())
    assert IO._importer
    IO._importer.join()
    assert sys.getswitchinterval() == usual


def test_a_failed_import_is_raised_where_it_is_awaited(module: Make) -> None:
    """A heavy module that does not exist is an error of the module that wanted it."""

    async def run(io: IO, rng: Random) -> None:
        await io.load("no_such_module_anywhere")

    assert isinstance(perform(module(run)).error, ModuleNotFoundError)


def test_size_is_asked_anew(module: Make) -> None:
    """A module sees the terminal as it is now."""

    async def run(io: IO, rng: Random) -> None:
        await io.print(f"{io.width}x{io.height}")
        await io.csleep(2000)
        await io.print(f"{io.width}x{io.height}")

    assert perform(module(run), sizes={1: (40, 10)}).lines == ["80x24", "40x10"]
