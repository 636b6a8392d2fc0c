"""The show as a viewer meets it: at any size, stopped at any time, in a pipe."""

import re

import pytest
from fakeact_uv import fakeact_modules

from fakeact.testing import Performance, perform

UV = fakeact_modules()[0]
QUICK = {"kind": "web", "bandwidth": 20}


def play(seed: int = 1, **how: object) -> Performance:
    return perform(UV, seed=seed, **{"seconds": 400, **QUICK, **how})


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("rows", [5, 12, 24])
def test_uv_plays_to_the_end_at_any_size(columns: int, rows: int) -> None:
    """It ends by itself with the cursor on a fresh line, whatever the terminal's size."""
    played = play(columns=columns, rows=rows)
    assert (played.error, played.ended) == (None, "finished")
    assert played.screen.cursor[0] == 0
    assert played.screen.cursor_shown
    assert "Installed" in "\n".join(played.lines)


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_uv_folds_what_is_too_wide_for_a_row(columns: int) -> None:
    """No row of the live region is wider than its screen, and none loses what does not fit."""
    frames = [frame.text for frame in play(columns=columns, rows=24).frames]
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", "".join(frames))
    moving = [row for row in re.split(r"[\r\n]+", text) if "---" in row]
    assert moving
    assert max(map(len, moving)) < columns
    assert re.search(r"\d+\.\d\d [KM]iB", "".join(re.split(r"[\r\n]+", text)))


def test_uv_says_the_same_for_the_same_seed() -> None:
    """One seed gives the same bytes twice, another gives others."""
    assert play(7).raw == play(7).raw != play(8).raw


@pytest.mark.parametrize("seconds", [0.1, 1.0, 2.5, 4.0, 6.0, 8.0])
def test_uv_stops_at_any_moment(seconds: float) -> None:
    """Told to stop in any phase it stops there and leaves no moving row behind."""
    played = play(seconds=seconds)
    assert (played.error, played.ended) == (None, "stopped")
    assert played.seconds == pytest.approx(seconds, abs=0.05)
    assert played.screen.cursor_shown
    assert "Preparing" not in played.text


def test_uv_leaves_lines_only_in_a_pipe() -> None:
    """Through a pipe come no cursor movements and no rows that move; the closing lines are a terminal's."""
    piped, shown = play(motion=False, columns=160), play(columns=160, rows=200)
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", piped.raw)
    assert not re.search(r"Preparing|Resolving|---|░", piped.raw)
    assert [line for line in piped.lines if not PIPED.match(line)] == [
        line for line in shown.lines if not PIPED.match(line)
    ]


PIPED = re.compile(r"Downloading | Downloaded | +Building | +Built ")


@pytest.mark.parametrize("seed", range(4))
def test_uv_tells_a_pipe_what_begins_and_what_is_there(seed: int) -> None:
    """Every large download and every build begins before it is there, once each, and ends before the summary."""
    text = play(seed, motion=False, color=False, kind="data", bandwidth=150).raw
    before, summary, _ = text.partition("Prepared ")
    assert summary
    for begun, done in (("Downloading", "Downloaded"), ("Building", "Built")):
        names = re.findall(rf"^ *{begun} (\S+)", text, re.MULTILINE)
        assert len(names) == len(set(names))
        assert sorted(names) == sorted(re.findall(rf"^ *{done} (\S+)", before, re.MULTILINE))
        for name in names:
            assert before.index(f"{begun} {name}") < before.index(f"{done} {name}")
    sizes = re.findall(r"^Downloading \S+ \((\d+\.\d)([KMG])iB\)$", text, re.MULTILINE)
    assert sizes
    assert all(unit != "K" and float(size) >= 1 for size, unit in sizes)


def test_uv_lasts_as_long_as_it_should() -> None:
    """At the bandwidth it chooses itself it takes from half a minute to four minutes, for each kind."""
    for seed, kind in enumerate(["ml", "web", "data", "tools"]):
        played = perform(UV, seed=seed, seconds=600, kind=kind, motion=False)
        assert 30 < played.seconds < 240


def test_uv_runs_do_not_look_alike() -> None:
    """Two projects of a kind have different names in their lists."""
    lists = {frozenset(re.findall(r"[+] \S+==", play(seed, motion=False, color=False).raw)) for seed in range(6)}
    assert len(lists) == 6


def test_ctrl_c_leaves_the_rows() -> None:
    """Uv dies of Ctrl-C without a word: its rows stand where they were drawn last; a deadline takes them away."""
    interrupted, stopped = play(interrupt=9), play(seconds=9)
    assert "Preparing packages... (30/31)" in interrupted.lines[-2]
    assert interrupted.lines[-1] == "^C"
    assert not [line for line in stopped.lines if "Preparing packages..." in line]


def test_the_systems_python_is_the_one_it_has() -> None:
    """Debian 13's interpreter is 3.13.5 whenever it is the one that is used."""
    said = {line for seed in range(12) for line in play(seed=seed, seconds=1, environment="new").lines}
    found = {line for line in said if line.endswith("interpreter at: /usr/bin/python3.13")}
    assert found == {"Using CPython 3.13.5 interpreter at: /usr/bin/python3.13"}
