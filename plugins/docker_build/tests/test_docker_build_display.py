"""The terminal display against recorded output of BuildKit's layout code."""

import json
import pathlib
import re
from typing import Any

import pytest
from fakeact_docker_build.log_box import tail
from fakeact_docker_build.picture import Job, Picture
from fakeact_docker_build.tty import Display

from fakeact.ansi import RESET, SGR

# Written by a Go harness (go 1.27) around print, setupTerminals, wrapHeight and align of BuildKit's
# util/progress/progressui/display.go at 0070379b, retyped by hand, with stub types and vt100 cut down to
# text and line feeds. It is no build of BuildKit itself.
RECORDED = json.loads((pathlib.Path(__file__).parent / "recorded.json").read_text())
COLOURS = {"34": "<blue>", "33": "<yellow>", "31": "<red>", "2": "<dim>", "39": "", "22": ""}


def _named(row: str) -> str:
    assert RESET not in row
    return SGR.sub(lambda match: COLOURS[match.group(1)], row)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: "x".join(map(str, case["size"])))
def test_rows_are_what_buildkit_lays_out(case: dict[str, Any]) -> None:
    """Names, cuts, columns, colours, log boxes and what a low screen leaves out are BuildKit's."""
    jobs = [
        Job(name, seconds, state or "running", amount, output) for name, amount, seconds, state, output in case["jobs"]
    ]
    picture = Picture(case["now"], *case["counts"], jobs)
    rows = Display().rows(picture, *case["size"], final=case["final"])
    assert [_named(row) for row in rows] == case["rows"]


def test_recordings_show_every_colour_and_a_log_box() -> None:
    """The recordings hold what the comparison is for."""
    text = "\n".join(row for case in RECORDED for row in case["rows"])
    assert {"<blue>", "<yellow>", "<red>", "<dim>"} <= set(re.findall("<[a-z]+>", text))
    assert "FINISHED" in text


def test_blank_lines_keep_their_place_until_the_box_scrolls() -> None:
    """Blank lines use up rows of the box's terminal but are not drawn."""
    assert tail(["a", "", "b"], 9) == ["a", "b"]
    assert tail([*"abcde", "", "f"], 9) == [*"bcde", "f"]
    assert tail([*"abcdef", "", "", "g"], 9) == [*"bcdef", "g"]


def test_the_busiest_step_gets_the_box_when_there_is_room_for_one() -> None:
    """Of two running steps the one with more output is shown, until the other's turn has come."""
    jobs = [Job("quiet", 1, "running", output=["x"]), Job("busy", 1, "running", output=["y" * 60])]
    display, picture = Display(), Picture(1.0, 0, 2, jobs)
    shown = ["y" in "".join(display.rows(picture, 80, 16)[1:]) for _ in range(3)]
    assert shown == [True, True, True]
    assert display.shown == {"busy": 3}
