"""The show from its first line to its last, on terminals of many sizes and into a pipe."""

import itertools
import re

import pytest
from fakeact_kernel_compile import fakeact_modules

from fakeact.testing import Performance, perform

MODULE = fakeact_modules()[0]


def play(**options: object) -> Performance:
    return perform(MODULE, **{"seconds": 2000.0, "modules": 40, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (40, 12), (80, 24), (160, 24)])
def test_it_plays_to_its_end_at_any_size(columns: int, rows: int) -> None:
    """It ends by itself, without an error, on a fresh line, with bash's times as the last."""
    played = play(columns=columns, rows=rows, seed=columns)
    assert (played.error, played.ended) == (None, "finished")
    assert played.lines[-1].startswith("sys ")
    assert played.screen.cursor[0] == 0
    assert not played.screen.style_open


def test_it_takes_one_to_four_minutes() -> None:
    """With its own options it is neither shorter than a minute nor longer than four."""
    assert 60 < perform(MODULE, seed=3, seconds=2000).seconds < 240


def test_a_seed_decides_every_byte() -> None:
    """The same seed gives the same bytes, another one others."""
    first, again, other = (play(seed=seed, seconds=30) for seed in (1, 1, 2))
    assert first.raw == again.raw != other.raw


@pytest.mark.parametrize("seconds", [0.01, 1.7, 12.3, 61.0])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """Cut off at any time it is gone at once."""
    played = play(seconds=seconds)
    assert (played.error, played.ended, played.seconds) == (None, "stopped", pytest.approx(seconds, abs=0.05))


def test_a_pipe_gets_the_same_lines() -> None:
    """Kbuild redraws nothing: a pipe has each line that a terminal has, and colours are the only escapes."""
    piped, shown = (play(seed=4, columns=200, motion=motion) for motion in (False, True))
    assert piped.lines == shown.lines
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", piped.raw)


def test_it_wakes_seldom() -> None:
    """Lines that are close together share a picture: no more than 20 pictures a second."""
    at = [frame.at for frame in play(seed=6).frames]
    assert all(later - earlier > 0.0499 for earlier, later in itertools.pairwise(at[:-2]))


def test_more_jobs_are_faster_and_more_modules_slower() -> None:
    """The options do what they say."""
    seconds = {
        (jobs, modules): play(seed=1, jobs=jobs, modules=modules).seconds
        for jobs, modules in [(16, 40), (48, 40), (48, 900)]
    }
    assert seconds[48, 40] < 0.6 * seconds[16, 40]
    assert seconds[48, 900] > 1.1 * seconds[48, 40]


STOPPED = re.compile(r"make(?:\[(\d+)\])?: \*\*\* \[(\S+):\d+: (\S+)\] Interrupt")


@pytest.mark.parametrize("seconds", [4.0, 12.0, 40.0])
def test_ctrl_c_stops_every_make_from_the_leaves_up(seconds: float) -> None:
    """Each make that was stopped is named once, after those below it, the top one last; then come bash's times."""
    played = play(seed=2, interrupt=seconds, columns=200)
    found = [match for line in played.lines if (match := STOPPED.fullmatch(line))]
    assert [match[0] for match in found][-1] == "make: *** [Makefile:260: __sub-make] Interrupt"
    said: dict[str, int] = {}
    for number, (level, where, target) in enumerate(match.groups() for match in found):
        assert target not in said
        said[target] = number
        if where == "scripts/Makefile.build" and level != "2":
            assert target.count("/") >= 1
    for target, number in said.items():
        directory = target.rpartition("/")[0]
        assert said.get(directory, number) >= number
    times = [float(minutes) * 60 + float(rest) for minutes, rest in re.findall(r"(\d+)m([\d.]+)s", played.text)]
    assert times[0] == pytest.approx(seconds, abs=0.05)
    assert times[1] + times[2] <= 16 * times[0]


def test_a_deadline_stops_no_make() -> None:
    """A show that is over by itself ends without a word about it."""
    assert "***" not in play(seed=2, seconds=12).raw
