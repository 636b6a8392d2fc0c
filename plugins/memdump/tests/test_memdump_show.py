"""The show on terminals of all sizes, in a pipe, stopped, and in its pace."""

import re

import pytest
from fakeact_memdump import fakeact_modules
from fakeact_memdump.sender import arrivals

from fakeact.testing import perform

(MEMDUMP,) = fakeact_modules()


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (40, 12), (80, 24), (160, 24)])
def test_it_plays_to_the_end_on_any_terminal(columns: int, rows: int) -> None:
    """From the first to the last line nothing fails; long lines go on in the next row, as with the tool."""
    played = perform(MEMDUMP, seed=columns, seconds=900, columns=columns, rows=rows, size=24)
    assert played.error is None
    assert played.ended == "finished"
    assert re.fullmatch(r"[0-9a-f]{8}", played.lines[-1])
    assert played.screen.cursor[0] == 0
    assert bool(played.screen.wrapped) == (columns < 79)


def test_the_same_seed_is_the_same_show() -> None:
    """A show is a function of its seed."""
    raw = [perform(MEMDUMP, seed=seed, seconds=30).raw for seed in (1, 1, 2)]
    assert raw[0] == raw[1] != raw[2]


@pytest.mark.parametrize("seconds", [0.2, 3.0, 7.77, 31.0])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """Whenever it is over, whole lines have been printed and the cursor stands in front of a fresh one."""
    played = perform(MEMDUMP, seed=4, seconds=seconds)
    assert played.error is None
    assert played.ended == "stopped"
    assert played.screen.cursor[0] == 0
    assert all(line == "*" or len(line) == 78 for line in played.lines)


def test_a_pipe_gets_the_same_lines() -> None:
    """Off a terminal there is the same text, without any control character."""
    piped = perform(MEMDUMP, seed=3, seconds=900, size=24, motion=False, color=False)
    assert piped.lines == perform(MEMDUMP, seed=3, seconds=900, size=24).lines
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", piped.raw)


@pytest.mark.parametrize("kind", ["process", "firmware"])
def test_it_takes_one_to_four_minutes(kind: str) -> None:
    """As it comes, it is neither over at once nor long."""
    for seed in range(2):
        assert 60 < perform(MEMDUMP, seed=seed, seconds=900, image=kind).seconds < 240


def test_a_faster_probe_takes_less_time() -> None:
    """Ten times the rate, and it is over in much less than half the time."""
    slow, fast = (perform(MEMDUMP, seed=1, seconds=900, size=24, rate=rate).seconds for rate in (640, 6400))
    assert fast < slow / 3


def test_what_arrives_is_what_was_sent() -> None:
    """Every byte comes, once and in order, at about the rate; blank pages take no time."""
    from random import Random

    memory = Random(1).randbytes(100_000) + bytes(1_000_000)
    pieces = list(arrivals(memory, 1000, Random(2)))
    assert b"".join(data for _, data in pieces) == memory
    assert 90 < sum(wait for wait, _ in pieces) < 125
    assert min(wait for wait, _ in pieces[:-1]) >= 0.05
