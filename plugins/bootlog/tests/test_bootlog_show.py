"""The show on terminals of all sizes, in a pipe, stopped, and in its pace."""

import re

import pytest
from fakeact_bootlog import fakeact_modules

from fakeact import ansi
from fakeact.testing import perform

(BOOTLOG,) = fakeact_modules()


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (40, 15), (80, 24), (160, 24), (200, 50)])
def test_status_lines_fit_any_terminal(columns: int, rows: int) -> None:
    """Lines of systemd's own never wrap; those of the kernel and of programs do, as on a real console."""
    played = perform(BOOTLOG, seed=columns, seconds=900, columns=columns, rows=rows, machine="vm", trouble="disk")
    assert (played.error, played.ended) == (None, "finished")
    badges = [line for line in played.lines if re.match(r"\[(  OK  |FAILED| TIME |DEPEND)\] |         \w", line)]
    assert len(badges) > 100
    assert max(ansi.width(line) for line in badges) < columns or columns < 40


def test_the_row_moves_and_waits() -> None:
    """While a device is waited for, a row tells so: every third of a second, its time going up to its limit."""
    played = perform(BOOTLOG, seed=2, seconds=900, machine="server", trouble="disk", reboots=0)
    rows = [
        (frame.at, match)
        for frame in played.frames
        for line in ansi.SGR.sub("", frame.text).split("\n")
        if (match := re.search(r"\[([ *]{6})\] Job (.*) running \((.*) / (.*)\)", line))
    ]
    assert len(rows) > 150
    eyes = [match[1] for _, match in rows]
    assert set(eyes) == {"*     ", "**    ", "***   ", " ***  ", "  *** ", "   ***", "    **", "     *"}
    assert {match[4] for _, match in rows[5:]} <= {"1min 30s", "1min 31s"}
    assert rows[-1][1][3] in ("1min 29s", "1min 30s")
    for (at, first), (later, second) in zip(rows, rows[30:], strict=False):
        if "min" not in first[3] + second[3] and at != later:
            took = int(second[3][:-1]) - int(first[3][:-1])
            assert abs(took - (later - at)) < 1.1


def test_the_same_seed_is_the_same_show() -> None:
    """A show is a function of its seed."""
    raw = [perform(BOOTLOG, seed=seed, seconds=12).raw for seed in (1, 1, 2)]
    assert raw[0] == raw[1] != raw[2]


@pytest.mark.parametrize("seconds", [0.2, 3.0, 7.77, 31.0])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """Whenever it is over, the cursor stands in front of a fresh line."""
    played = perform(BOOTLOG, seed=4, seconds=seconds)
    assert played.error is None
    assert played.ended == "stopped"
    assert played.screen.cursor[0] == 0


def test_a_pipe_gets_a_serial_log() -> None:
    """Off a terminal there is the same text, without the rows that move and without any control character."""
    options = {"machine": "vm", "trouble": "disk", "reboots": 0}
    piped = perform(BOOTLOG, seed=3, seconds=900, motion=False, color=False, **options)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", piped.raw)
    assert "running (" not in piped.raw
    assert "] Linux version 6.12." in piped.raw
    assert piped.raw.splitlines()[-1].endswith(" login: ")


@pytest.mark.parametrize("kind", ["laptop", "server", "vm"])
def test_it_takes_one_to_four_minutes(kind: str) -> None:
    """As it comes, it is neither over at once nor long."""
    for seed in range(2):
        assert 55 < perform(BOOTLOG, seed=seed, seconds=900, machine=kind).seconds < 245


def test_quiet_leaves_the_kernel_out() -> None:
    """With quiet only what systemd and fsck say is seen; the command line says why."""
    loud, quiet = (perform(BOOTLOG, seed=5, seconds=900, machine="vm", reboots=0, quiet=q).lines for q in (False, True))
    assert not [line for line in quiet if line.startswith("[    ")]
    assert [line for line in quiet if ": clean, " in line]
    assert len(quiet) < len(loud) / 2


def test_it_starts_as_often_as_asked() -> None:
    """Each reboot is one more boot; the machine stays the same."""
    lines = perform(BOOTLOG, seed=6, seconds=900, machine="vm", trouble="none", reboots=2).lines
    models = [line.partition("] ")[2] for line in lines if "] DMI: QEMU" in line]
    assert len(models) == 3
    assert len(set(models)) == 1
