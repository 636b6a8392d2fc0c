"""Files that a module may write because somebody named one in an option."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

import fakeact as library
from fakeact import IO, Module, Output
from fakeact.errors import UsageError
from fakeact.options import choose_options, options_of
from fakeact.testing import BrokenRule, perform
from fakeact.testing.checks import is_inert

Run = Callable[..., "subprocess.CompletedProcess[str]"]


async def count(io: IO, rng: Random, *, log: Output | None = None) -> None:
    """Count, and log it if somebody wants that."""
    for number in range(3):
        await io.print(str(number))
        await io.csleep(100)
        if log:
            log.write(f"{number}\n")


async def snapshots(io: IO, rng: Random, *, log: Output | None = None) -> None:
    """Count, and keep the latest."""
    for number in range(3):
        await io.print(str(number))
        await io.csleep(100)
        if log:
            log.replace(f"{number}\n")


async def writes_itself(io: IO, rng: Random, *, log: Output | None = None) -> None:
    """Open the file that was named, behind the core's back."""
    assert log
    with open(log.path, "a") as file:
        file.write("x")
    await io.print("x")


async def writes_another(io: IO, rng: Random, *, log: Output | None = None) -> None:
    """Have the core open another file."""
    assert log
    other = Output(log.path + ".other")
    other.open()
    other.close()
    await io.print("x")


COUNT = Module("count", "", count)


def test_an_option_names_a_file(tmp_path: Path) -> None:
    """What is typed becomes an output with that path, which is not there before the show begins."""
    path = tmp_path / "log.txt"
    assert options_of(COUNT)["log"].describe() == "a file's name"
    chosen = choose_options({"count": COUNT}, [f"log={path}"])["count"]["log"]
    assert isinstance(chosen, Output)
    assert (chosen.path, chosen.suffix, path.exists()) == (str(path), ".txt", False)


def test_a_module_writes_what_was_asked_for(tmp_path: Path) -> None:
    """Lines are there in the end; a replaced file holds the last content and has no neighbour left."""
    for run, content in ((count, "0\n1\n2\n"), (snapshots, "2\n")):
        path = tmp_path / f"{run.__name__}.txt"
        assert perform(Module("m", "", run), log=Output(str(path))).error is None
        assert path.read_text() == content
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("run", [count, snapshots])
def test_asked_for_is_inert(run: Callable[..., object], tmp_path: Path) -> None:
    """A module that writes through its output breaks no rule."""
    is_inert(Module("m", "", run), log=Output(str(tmp_path / "log.txt")))  # type: ignore[arg-type]


@pytest.mark.parametrize("run", [writes_itself, writes_another])
def test_not_asked_for_is_found(run: Callable[..., object], tmp_path: Path) -> None:
    """The rule tells the core's writing from a module's own, and a named file from another."""
    with pytest.raises(BrokenRule, match="for writing"):
        is_inert(Module("m", "", run), log=Output(str(tmp_path / "log.txt")))  # type: ignore[arg-type]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """It is not written over unless that is said."""
    path = tmp_path / "log.txt"
    path.write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        library.record(COUNT, options={"log": path})
    assert path.read_text() == "mine"
    library.record(COUNT, options={"log": path}, overwrite=True)
    assert path.read_text() == "0\n1\n2\n"


@pytest.mark.parametrize(("name", "said"), [("", "a file's name"), ("-", "a file's name"), ("no/such/x", "No such")])
def test_impossible_names_cost_a_line(name: str, said: str) -> None:
    """No name, standard output, or a folder that is not there is a usage error with one line."""
    with pytest.raises(UsageError, match=said):
        library.record(COUNT, options={"log": name})


PLUGIN = """
from fakeact import Module, Output, hookimpl

async def run(io, rng, *, log: Output | None = None):
    log.write("first")
    await io.csleep(10)
    log.write(" last")

@hookimpl
def fakeact_modules():
    return [Module("logger", "", run)]
"""


@pytest.mark.parametrize("more", [(), ("--record", "-")])
def test_the_command_line_opens_it(fakeact: Run, tmp_path: Path, more: tuple[str, ...]) -> None:
    """Played or recorded, the file is written, once; the shared command leaves it out."""
    path, plugin = tmp_path / "run.log", tmp_path / "logger.py"
    plugin.write_text(PLUGIN)
    said = ("--plugin", str(plugin), "-o", f"log={path}", "--seed", "7", "--exit-after-modules", "1", *more)
    done = fakeact(*said, "--share-line")
    assert done.returncode == 0
    assert path.read_text() == "first last"
    assert "log=" not in done.stderr
    again = fakeact(*said)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "--force" in again.stderr
    assert fakeact(*said, "--force").returncode == 0
