"""The show on screens of all sizes, in pipes, and cut off."""

import re
from itertools import pairwise

import pytest
from fakeact_download import fakeact_modules
from fakeact_download.catalogue import TOPICS, choose

from fakeact.testing import Performance, perform

(DOWNLOAD,) = fakeact_modules()


def play(seed: int = 1, **given: object) -> Performance:
    return perform(DOWNLOAD, **{"seed": seed, "seconds": 1000, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("rows", [5, 24])
def test_it_plays_on_any_screen(columns: int, rows: int) -> None:
    """It ends by itself, without an error, on a fresh line, and no row of the region wraps."""
    played = play(columns=columns, rows=rows)
    assert (played.error, played.ended) == (None, "finished")
    assert played.screen.cursor[0] == 0
    assert "".join(played.lines).rstrip().endswith(": OK")
    assert columns <= 50 or not played.screen.wrapped


def test_it_takes_one_to_four_minutes() -> None:
    """At speed 1 nobody waits longer than four minutes, or has too little to see."""
    assert all(60 < play(seed).seconds < 240 for seed in range(8))


@pytest.mark.parametrize("columns", [20, 40])
def test_something_moves_on_narrow_terminals(columns: int) -> None:
    """Where wget2 draws no rows ours have shorter names, and the picture changes every few seconds."""
    played = play(columns=columns)
    assert "Cannot create" not in played.raw
    assert re.search(r"[\d.]{4} +\d+% \[>\] ", played.raw) or re.search(r"^\S{4,19} +\d+% \[>\] ", played.raw, re.M)
    assert max(after.at - before.at for before, after in pairwise(played.frames)) <= 10


def test_the_same_seed_is_the_same_show() -> None:
    """A show is a function of its seed."""
    assert play(1).raw == play(1).raw != play(2).raw


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.7, 20.0, 77.7])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """Cut off anywhere it leaves no error."""
    played = play(seconds=seconds)
    assert (played.error, played.ended) == (None, "stopped")


@pytest.mark.parametrize("motion", [True, False])
def test_ctrl_c_cuts_off_what_is_on_its_way(motion: bool) -> None:
    """Each open file is told of as short, in red, then as wget2 does; the totals' row stays, and no last line comes."""
    played = play(4, columns=200, interrupt=5.0, motion=motion)
    words = played.raw[played.raw.rindex("Saving") :]
    cut = re.findall(r"Just got (\d+) of \d+ bytes", words)
    assert len(cut) == 5
    assert [int(number) for number in re.findall(r"Unexpected body length (\d+)", words)] == [int(n) for n in cut]
    assert ("[Files: " in played.text) == motion
    assert "Downloaded:" not in played.raw


def test_a_pipe_gets_lines_only() -> None:
    """A pipe sees colours at the most, and neither meters nor the totals' row."""
    played = play(motion=False)
    assert not re.search(r"\x1b(?!\[[\d;]*m)", played.raw)
    assert "% [" not in played.raw
    assert "Todo:" not in played.raw


def test_a_resize_is_followed() -> None:
    """After the terminal is made wider or narrower the meters are as wide as it lets them."""
    played = play(columns=80, sizes={10.0: (120, 24), 20.0: (60, 24)}, seconds=26)
    meters = {len(meter) for frame in played.frames if frame.at > 22 for meter in re.findall(r"\[=*> *\]", frame.text)}
    assert meters == {12}
    assert any(len(m) == 72 for f in played.frames for m in re.findall(r"\[=*> *\]", f.text))


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_fills_the_longest_list(topic: str) -> None:
    """Each topic has 32 files of distinct names, on hosts that can't exist, and one of them moved."""
    import random

    files = choose(random.Random(1), topic, 32)
    assert len({file.name for file in files}) == len(files) == 33
    assert all(file.host.endswith(".example") for file in files)
    assert any(file.mirror for file in files)
    assert files[0].size == sum(64 + 2 + len(file.name) + 1 for file in files[1:])


def test_options_are_obeyed() -> None:
    """As many files as asked for, as many rows as threads, and a slower link takes longer."""
    played = play(files=3, threads=2, topic="maps", trouble="none", motion=False)
    assert sum(line.endswith(".osm.pbf: OK") for line in played.lines) == 3
    assert {line[:3] for line in played.lines if "Downloading" in line} == {"[0]", "[1]"}
    slow = play(files=3, topic="sources", link=20, seconds=10_000).seconds
    assert slow > 2 * play(files=3, topic="sources", link=200, seconds=10_000).seconds
