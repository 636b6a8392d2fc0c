"""Random plays: any module, any size, resized at any moment, any speed, cut off anywhere."""

import re

import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakeact import ansi
from fakeact.plugins import discover
from fakeact.testing import Performance, perform

MODULES = discover().modules
SIZES = st.tuples(st.integers(20, 400), st.integers(5, 120))


@st.composite
def plays(draw: st.DrawFn) -> dict[str, object]:
    """A play: module, seed, size, resizes, speed, length, colour, motion."""
    moments = draw(st.lists(st.floats(0.05, 40), max_size=4, unique=True))
    columns, rows = draw(SIZES)
    return {
        "module": MODULES[draw(st.sampled_from(sorted(MODULES)))],
        "seed": draw(st.integers(0, 10_000)),
        "columns": columns,
        "rows": rows,
        "sizes": {moment: draw(SIZES) for moment in moments},
        "speed": draw(st.sampled_from([0.5, 1, 1, 3, 20, 300])),
        "seconds": draw(st.floats(0.1, 45)),
        "color": draw(st.booleans()),
        "motion": draw(st.sampled_from([True, True, True, False])),
    }


def check(play: dict[str, object]) -> None:
    """No exception, nothing left behind, every finished line there once."""
    played = perform(**play)  # type: ignore[arg-type]
    assert played.error is None
    assert played.screen.cursor_shown
    assert not played.screen.style_open
    assert played.screen.cursor[0] == 0
    if not play["motion"]:
        assert not re.search(r"\r|\x1b\[[^m]*[A-HJKhl]", played.raw)
    if not play["color"]:
        assert ansi.SGR.search(played.raw) is None
    if not play["sizes"] and play["motion"]:
        assert_pyte_agrees(played, play)


def assert_pyte_agrees(played: Performance, play: dict[str, object]) -> None:
    """Another terminal, by other people, shows the same rows."""
    screen = pyte.HistoryScreen(play["columns"], play["rows"], history=100_000, ratio=1)
    stream = pyte.Stream(screen)
    stream.feed(played.raw.replace("\n", "\r\n"))
    rows = ["".join(screen.buffer[y][x].data for x in range(screen.columns)).rstrip() for y in range(screen.lines)]
    if all(character.isascii() or ansi.cell_width(character) == 1 for character in played.raw):
        assert rows == played.screen.rows


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(plays())
def test_random_plays_leave_no_blemish(play: dict[str, object]) -> None:
    """A sample; the thousand are behind 'make soak'."""
    check(play)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(plays())
def test_a_thousand_random_plays(play: dict[str, object]) -> None:
    """The campaign."""
    check(play)
