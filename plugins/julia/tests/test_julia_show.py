"""The show as a viewer meets it: at any size, stopped at any time, in a pipe, with any option."""

import re

import pytest
from fakeact_julia import fakeact_modules
from fakeact_julia.catalogue import kinds

from fakeact.ansi import strip, width
from fakeact.testing import Performance, perform

(JULIA,) = fakeact_modules()


def play(seed: int = 1, **how: object) -> Performance:
    played = perform(JULIA, seed=seed, **{"seconds": 600, **how})
    assert played.error is None
    return played


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (40, 15), (80, 24), (200, 60)])
def test_it_plays_to_the_end_at_any_size(columns: int, rows: int) -> None:
    """It ends by itself with the cursor on a fresh line, whatever the terminal's size."""
    played = play(columns=columns, rows=rows, direct=4)
    assert played.ended == "finished"
    assert played.screen.cursor[0] == 0
    assert played.screen.cursor_shown
    assert "precompiled" in "".join(played.lines)


@pytest.mark.parametrize("columns", [40, 160])
def test_no_moving_row_is_as_wide_as_the_screen(columns: int) -> None:
    """Bars and spinners stay clear of the last column, so that none wraps."""
    text = "\n".join(strip(frame.text) for frame in play(columns=columns, rows=24).frames)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    moving = [row for row in re.split(r"[\r\n]+", text) if re.search("[╸╺◐◓◑◒]", row)]
    assert len(moving) > 100
    assert max(map(width, moving)) < columns


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_banner_fits(columns: int) -> None:
    """No line of the greeting is cut or wraps: there are a large and a small one, and none."""
    lines = play(columns=columns, seconds=1.0).lines
    assert max(map(width, map(str.rstrip, lines))) <= columns
    assert ("Version 1.12" in "\n".join(lines)) == (columns > 40)


@pytest.mark.parametrize("seconds", [0.1, 2.0, 9.0, 16.0, 24.0, 40.0])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """Told to stop in any phase it stops there and leaves no moving row behind."""
    played = play(seconds=seconds)
    assert played.ended == "stopped"
    assert played.seconds == pytest.approx(seconds, abs=0.05)
    assert played.screen.cursor_shown
    assert not re.search("[╺◐◓◑◒]", played.text)


def test_it_says_the_same_for_the_same_seed() -> None:
    """One seed gives the same bytes twice, another gives others."""
    assert play(7, direct=3).raw == play(7, direct=3).raw != play(8, direct=3).raw


def test_a_pipe_gets_lines_only() -> None:
    """Through a pipe come no cursor movements, no bars, and the prompt at which something was typed."""
    piped = play(1, motion=False, color=False)
    assert "\x1b" not in piped.raw
    assert not re.search("[━╸╺◐◓◑◒]|finished", piped.raw)
    assert re.search(r"^\(\S+\) pkg> (?:add|up)", piped.raw, re.M)
    assert re.search(r"^julia> using \w+$", piped.raw, re.M)


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("command", ["add", "update"])
def test_it_lasts_as_long_as_it_should(kind: str, command: str) -> None:
    """Each kind takes from less than a minute to not quite four, and does what it was told."""
    played = play(3, kind=kind, command=command, motion=False, color=False)
    assert 40 < played.seconds < 220
    assert bool(re.search(r"pkg> add ", played.raw)) == (command == "add")


def test_more_threads_precompile_more_at_once() -> None:
    """As many spinners turn as there are threads, and one more; never more than sixteen."""
    for threads, most in ((1, 2), (64, 16)):
        frames = play(2, threads=threads, rows=24, seconds=75, command="update", kind="science").frames
        turning = max(len(re.findall("[◐◓◑◒]", frame.text)) for frame in frames)
        assert turning == most


def downloads(played: Performance) -> float:
    """Seconds from the first package to the list of what changed."""
    begun = next(frame.at for frame in played.frames if "Installed" in frame.text)
    return next(frame.at for frame in played.frames if "Project.toml" in frame.text and frame.at > begun) - begun


def test_a_faster_line_is_done_sooner() -> None:
    """The bandwidth that is asked for is the one that is seen."""
    slow, fast = (play(2, bandwidth=rate, motion=False, command="add", kind="images", color=False) for rate in (1, 200))
    assert downloads(slow) > 1.8 * downloads(fast)
