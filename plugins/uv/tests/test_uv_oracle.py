"""Laid beside uv: rows recorded from uv 0.13.9, and what an installed uv prints."""

import random
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyte
import pytest
from fakeact_uv import lines, rows
from fakeact_uv.catalogue import Package
from fakeact_uv.parts import fold
from fakeact_uv.sim.link import Link
from fakeact_uv.sim.preparing import Preparation, Transfer
from fakeact_uv.sim.project import Project

from fakeact.style import black, dim, green

TOOL = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))


class Received(Transfer):
    """A transfer at a point that was recorded."""

    def __init__(self, name: str, received: int, size: int) -> None:
        super().__init__(Package(name, "1", size), 0.0, random.Random(0))
        self._waiting, self._shortfall, self._received = 0.0, 0, float(received)
        self._frames = received

    @property
    def received(self) -> int:
        return self._frames


RECORDED = [
    ("typing-inspection", 0, 14879, 20, 0, "typing-inspection    #     0 B/14.53 KiB"),
    ("typing-inspection", 14879, 14879, 20, 30, "typing-inspection    # 14.53 KiB/14.53 KiB"),
    ("httpcore", 16261, 78784, 20, 6, "httpcore             # 15.88 KiB/76.94 KiB"),
    ("threadpoolctl", 16272, 32090, 20, 15, "threadpoolctl        # 15.89 KiB/31.34 KiB"),
    ("duckdb", 13568638, 24347934, 20, 16, "duckdb               # 12.94 MiB/23.22 MiB"),
    ("pygments", 589824, 1250000, 40, 14, "pygments                                 # 576.00 KiB/1.19 MiB"),
]


@pytest.mark.parametrize(("name", "received", "size", "column", "done", "row"), RECORDED)
def test_uv_download_rows_are_those_recorded(
    name: str, received: int, size: int, column: int, done: int, row: str
) -> None:
    """A row is as uv 0.13.9 drew it: a dim name, green for what is there, dim black for the rest."""
    drawn = fold(rows._download(Received(name, received, size), column), 200)[0]
    head, _, tail = row.partition("#")
    text = dim(head[:-1]) + " " + (green("-" * done) if done else "")
    text += (dim(black("-" * (30 - done))) if done < 30 else "") + tail
    assert drawn == text


def test_uv_builds_count_and_downloads_stand_as_recorded() -> None:
    """Builds come first, then the count, then downloads, cut to the rows there are."""
    own = Package("orbital", "0.1.0", build=1.0, origin="file:///tmp/uvshow/proj2")
    wheels = [Package(f"wheel-{n}", "1", 10**6 + n) for n in range(9)]
    preparation = Preparation([own, *wheels], Link(1e5, random.Random(1)), 1e-9, random.Random(2))
    preparation.advance(0.01)
    drawn = [re.sub(r"\x1b\[[0-9;]*m", "", row) for row in rows.PreparationRows(preparation).draw(0.0, 0, 80, 5)]
    assert drawn[:2] == ["   Building orbital @ file:///tmp/uvshow/proj2", "⠙ Preparing packages... (0/10)"]
    assert [row.split()[0] for row in drawn[2:]] == ["wheel-0", "wheel-1", "wheel-2"]


def test_uv_rows_too_wide_take_two() -> None:
    """A download takes two rows at 40 columns, as recorded; half of one is never shown."""
    wheels = [Package(f"wheel-{n}", "1", 10**6 + n) for n in range(9)]
    preparation = Preparation(wheels, Link(1e5, random.Random(1)), 1e-9, random.Random(2))
    preparation.advance(0.01)
    drawn = [re.sub(r"\x1b\[[0-9;]*m", "", row) for row in rows.PreparationRows(preparation).draw(0.0, 0, 40, 6)]
    assert drawn[1:3] == ["wheel-0              -------------------", "-----------     0 B/976.56 KiB"]
    assert len(drawn) == 5


def _cells(text: str) -> list[tuple[str, ...]]:
    """Characters with their colours, as a terminal shows them; digits of durations hidden."""
    screen = pyte.Screen(100, 40)
    pyte.Stream(screen).feed(text.replace("\r", "").replace("\n", "\r\n"))
    drawn = [[screen.buffer[y][x] for x in range(100)] for y in range(screen.cursor.y + 1)]
    found = []
    for row in drawn:
        words = "".join(cell.data for cell in row).rstrip()
        shown = [(cell.data, cell.fg, str(cell.bold)) for cell in row[: len(words)]]
        cut = re.search(r" in ", words)
        found.append(shown[: cut.end()] if cut else shown)
    return [cell for row in found for cell in [*row, ("\n", "", "")]]


def _wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.skipif(TOOL is None, reason="needs uv on the path: pip install uv")
def test_uv_itself_prints_these_lines(tmp_path: Path) -> None:
    """An installed uv writes summaries and changes in these words and colours, for an upgrade and more."""
    for name, version in [("amber", "1.0"), ("birch", "2.0"), ("birch", "2.1"), ("cedar", "0.3")]:
        _wheel(tmp_path, name, version)
    common = [
        "--no-index",
        "--find-links",
        str(tmp_path),
        "--target",
        str(tmp_path / "site"),
        "--color",
        "always",
    ]
    command = [str(TOOL), "pip", "install", "--no-config", "--python", sys.executable, *common]
    cached = ["--cache-dir", str(tmp_path / "cache")]
    subprocess.run([*command, *cached, "birch==2.0"], capture_output=True, check=True)
    wanted = ["amber==1.0", "birch==2.1", "cedar==0.3"]
    run = subprocess.run([*command, *cached, *wanted], capture_output=True, check=True, text=True)
    said = run.stderr[run.stderr.index("Resolved") :]
    needed = tuple(Package(*requirement.split("==")) for requirement in wanted)
    own = Package("orbital", "0")
    project = Project(own, (), needed, (), False, False, "3.13", "", {"birch": "2.0"})
    counts = [("Resolved", 3), ("Prepared", 3), ("Uninstalled", 1), ("Installed", 3)]
    ours = [lines.summary(verb, count, 0.001) for verb, count in counts] + list(lines.changes(project))
    assert _cells("\x1b[2m" + said) == _cells("\n".join(ours) + "\n")
