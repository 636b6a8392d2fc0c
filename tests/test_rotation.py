"""All bundled modules in rotation, as ``fakeact`` alone plays them."""

from datetime import datetime
from itertools import pairwise

import pytest

from fakeact import plugins
from fakeact.module import Module
from fakeact.recording.take import Frame, Take, show, take
from fakeact.runner import Programme
from fakeact.testing import Screen

STARTED = datetime(2026, 1, 30, 10, 45, 32)
BUNDLED = list(plugins.discover().modules.values())


def rotate(seconds: float, columns: int, seed: int = 0, longest: float = 300.0) -> tuple[Take, list[str]]:
    """Play all modules for so long; gives what was sent and the names in the order they were played."""
    order: list[str] = []

    def note(what: str, **facts: Module) -> None:
        if what == "started":
            order.append(facts["module"].name)

    programme = Programme(BUNDLED, seed, most_seconds=seconds, module_seconds=longest)
    return take(programme, STARTED, size=(columns, 24), observe=note), order


def blemishes(played: Take) -> list[str]:
    """What a viewer would stumble over: errors, rows climbed over that had wrapped, long pauses, what lingers."""
    screen = Screen(*played.size)
    found = [repr(error) for error in played.errors]
    last = 0.0
    for frame in played.frames:
        show(frame, screen)
        if frame.at - last > 45:
            found.append(f"nothing to see from {last:.0f} s to {frame.at:.0f} s")
        last = frame.at
    found += [f"a wrapped row rewritten {screen.climbed_wrapped} times"] * bool(screen.climbed_wrapped)
    found += ["colours stay on"] * screen.style_open + ["the cursor stays hidden"] * (not screen.cursor_shown)
    found += ["the cursor is not at the start of a line"] * (screen.cursor[0] != 0)
    return found


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_some_minutes_of_everything(columns: int) -> None:
    """Modules follow one another without a blemish."""
    played, order = rotate(240, columns, longest=60.0)
    assert blemishes(played) == []
    assert len(set(order)) >= 4


@pytest.mark.soak
@pytest.mark.parametrize("columns", [40, 80, 160])
def test_an_hour_of_everything(columns: int) -> None:
    """In an hour of playing time every module has its turn, none twice in a row, and nothing goes wrong."""
    played, order = rotate(3600, columns, seed=columns)
    assert blemishes(played) == []
    assert set(order) == {module.name for module in BUNDLED}
    assert all(one != other for one, other in pairwise(order))


def test_blemishes_are_seen() -> None:
    """What the two tests above look for is found when it is there."""
    bad = Take((10, 5))
    bad.frames += [Frame(0.0, "x" * 25, bad.size), Frame(60.0, "\x1b[1A\x1b[31m\x1b[?25l", bad.size)]
    bad.errors.append(ValueError("no"))
    found = " ".join(blemishes(bad))
    for what in ("ValueError", "nothing to see", "wrapped row", "colours", "hidden", "start of a line"):
        assert what in found
