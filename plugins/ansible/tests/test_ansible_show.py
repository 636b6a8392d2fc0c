"""The show as a viewer has it: any size, any moment, any stage."""

import pytest
from fakeact_ansible import fakeact_modules

from fakeact import ansi
from fakeact.testing import Performance, perform

MODULE = fakeact_modules()[0]


def play(seed: int = 3, **options: object) -> Performance:
    return perform(MODULE, seed=seed, **{"seconds": 3600, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [20, 40, 80, 160, 300])
@pytest.mark.parametrize("rows", [5, 24])
def test_it_plays_to_the_end_in_any_terminal(columns: int, rows: int) -> None:
    """It ends as ansible-playbook does, after the recap, on a fresh line without a colour."""
    played = play(columns=columns, rows=rows)
    assert (played.error, played.ended) == (None, "finished")
    assert played.screen.cursor[0] == 0
    assert not played.screen.style_open
    assert "PLAY RECAP" in "".join(played.lines).replace(" *", "")


@pytest.mark.parametrize(("columns", "cells"), [(40, 80), (79, 80), (80, 80), (81, 81), (160, 160)])
def test_banners_are_filled_as_wide_as_ansible_fills_them(columns: int, cells: int) -> None:
    """Stars go up to the terminal's last column, and never to less than 80 in all."""
    text = play(columns=columns, color=False, seconds=60).raw.replace("\r", "")
    banners = [line for line in text.split("\n") if line.startswith("TASK [") and line.endswith("*")]
    assert banners
    assert {len(line) for line in banners} == {cells}


def test_headers_of_a_full_width_leave_no_blank_line() -> None:
    """A banner that ends in the last column is followed by its first result, not by an empty row."""
    rows = play(columns=80).lines
    below = {rows[i + 1] == "" for i, row in enumerate(rows) if row.startswith("TASK [") and len(row) == 80}
    assert below == {False}


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Chance comes from the seed alone."""
    assert play(7).raw == play(7).raw != play(8).raw


@pytest.mark.parametrize("seed", range(12))
def test_it_takes_minutes(seed: int) -> None:
    """A run with default options is neither over at once nor endless."""
    assert 60 <= play(seed).seconds <= 300


@pytest.mark.parametrize("seconds", [0.3, 2.0, 9.5, 31.0, 70.0])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """Whoever has seen enough gets the cursor back on a fresh line, in no colour."""
    played = play(seconds=seconds)
    assert (played.error, played.ended) == (None, "stopped")
    assert played.screen.cursor[0] == 0
    assert not played.screen.style_open


def test_a_pipe_gets_the_same_lines() -> None:
    """Without a terminal the lines are the same: Ansible redraws nothing."""
    assert ansi.ESC not in play(motion=False, color=False).raw
    assert play(motion=False).lines == play().lines


def test_a_resize_changes_no_banner() -> None:
    """Ansible measures the terminal once, at its start."""
    text = play(columns=100, color=False, sizes={30.0: (60, 20)}).raw
    assert {len(line) for line in text.split("\n") if line.startswith("TASK [")} == {100}


def test_without_trouble_nothing_fails() -> None:
    """The option does what it says; a failure that the playbook ignores is no trouble."""
    for seed in range(8):
        recap = [line for line in play(seed, trouble="none", columns=120).lines if " : ok=" in line]
        assert recap
        assert all("failed=0" in line and "unreachable=0" in line and "rescued=0" in line for line in recap)


def test_as_many_hosts_as_were_asked_for() -> None:
    """Each host of the inventory has its line in the recap."""
    assert sum(" : ok=" in line for line in play(hosts=23, site="ci", columns=120).lines) == 23


@pytest.mark.parametrize("seconds", [0.2, 7.0, 30.0])
def test_ctrl_c_has_the_last_word_that_ansible_has(seconds: float) -> None:
    """Interrupted while it loads or works it says so in red; a deadline and the time after the recap have no word."""
    last = "\x1b[31m[ERROR]: User interrupted execution\x1b[39m\n\x1b[0m"
    assert play(interrupt=seconds).raw.endswith(last)
    assert "interrupted" not in play(seconds=seconds).raw
    assert "interrupted" not in play(interrupt=play().seconds - 1).raw
