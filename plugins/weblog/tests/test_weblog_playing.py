"""Plays the module on a screen: at any size, into a pipe, cut short, twice."""

import re
from itertools import pairwise

import pytest
from fakeact_weblog import fakeact_modules

from fakeact.testing import Performance, perform

[WEBLOG] = fakeact_modules()


def play(seed: int = 1, columns: int = 80, rows: int = 24, seconds: float = 600, **options: object) -> Performance:
    """A short show with few visitors."""
    given = {"duration": 90, "visitors": 3, **options}
    return perform(WEBLOG, seed=seed, columns=columns, rows=rows, seconds=seconds, **given)  # type: ignore[arg-type]


def joined(played: Performance) -> list[str]:
    """The text, with what the terminal has wrapped put together again."""
    screen = played.screen
    rows = (
        line.ljust(screen.columns) if number in screen.wrapped else f"{line}\n"
        for number, line in enumerate(screen.lines)
    )
    return "".join(rows).split("\n")


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("rows", [5, 12, 24])
def test_it_plays_at_any_size(columns: int, rows: int) -> None:
    """It plays from the first line to the last and leaves the cursor on a fresh line."""
    played = play(columns=columns, rows=rows)
    assert (played.error, played.ended) == (None, "finished")
    assert played.seconds == pytest.approx(92.5)
    assert played.screen.cursor[0] == 0


def test_the_width_changes_nothing_but_the_wrapping() -> None:
    """Tail does not look at the width: on 20 columns stands what stands on 500."""
    assert joined(play(columns=20, motion=False)) == joined(play(columns=500, motion=False))


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A show is its seed, and another seed is another show."""
    assert play(seed=7).raw == play(seed=7).raw
    assert play(seed=7).raw != play(seed=8).raw


@pytest.mark.parametrize("seconds", [0.0, 0.3, 17.7, 40.0, 91.0])
def test_it_stops_at_once(seconds: float) -> None:
    """Whenever it is over it ends there, in order."""
    played = play(seconds=seconds)
    assert (played.error, played.ended, played.seconds) == (None, "stopped", seconds)
    assert played.screen.cursor[0] == 0


def test_the_echo_is_the_terminals() -> None:
    """Ctrl-C is echoed on a terminal, and is not in what a pipe gets."""
    assert "^C" in play().raw
    piped = play(motion=False)
    assert piped.error is None
    assert "^C" not in piped.raw
    assert chr(27) not in piped.raw


def test_it_begins_with_ten_lines() -> None:
    """Like tail it shows the file's last ten lines at once, all of them from before."""
    began = play(columns=500).frames[0].text
    stamps = re.findall(r"\[30/Jan/2026:(\S+) ", began)
    assert len(stamps) == 10
    assert max(stamps) <= "10:45:32"


def test_lines_come_when_they_say() -> None:
    """A line that is printed bears the second it is printed in, give or take one frame."""
    for frame in play(columns=500, speed=2.0).frames[1:]:
        for stamp in re.findall(r"\[30/Jan/2026:10:(\d\d):(\d\d) ", frame.text):
            told = int(stamp[0]) * 60 + int(stamp[1]) - (45 * 60 + 32)
            assert told - 2 / 30 <= frame.at * 2 < told + 1.1


def test_it_is_no_metronome() -> None:
    """There are bursts of many lines, and pauses of more than a second."""
    frames = play(seed=3).frames
    gaps = [b.at - a.at for a, b in pairwise(frames)]
    assert max(gaps) > 1.5
    assert max(frame.text.count(" - - [") for frame in frames[1:]) >= 3
