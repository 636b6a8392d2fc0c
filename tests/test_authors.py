"""The plugin author's first minutes: a file, a project, a report."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from fakeact.testing import CHECKS

Fakeact = Callable[..., "CompletedProcess[str]"]
MINE = """
from fakeact import Module, hookimpl
async def nap(io, rng, *, hours: int = 8):
    "Sleep."
    await io.print(f"zzz {hours}")
    await io.csleep(1000)
@hookimpl
def fakeact_modules(): return [Module("nap", "sleep 8h", nap)]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file that holds a hook."""
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_file_is_a_plugin(fakeact: Fakeact, mine: Path) -> None:
    """--plugin plays a file's modules without packaging, with their options."""
    done = fakeact("--plugin", str(mine), "-o", "nap.hours=3", "--exit-after-modules", "1", "-s", "100")
    assert (done.returncode, done.stdout, done.stderr) == (0, "zzz 3\n", "")


def test_a_files_modules_are_listed_with_the_others(fakeact: Fakeact, mine: Path) -> None:
    """-l and --plugins show them, too."""
    assert "nap " in fakeact("--plugin", str(mine), "-l").stdout
    assert (
        f"mine ({mine} (a file)): modules nap; hooks fakeact_modules"
        in fakeact("--plugin", str(mine), "--plugins").stdout
    )


def test_a_file_that_is_not_there(fakeact: Fakeact) -> None:
    """One line names it."""
    done = fakeact("--plugin", "./nosuch.py")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no file ./nosuch.py" in done.stderr


def test_drop_ins_are_loaded_if_that_is_wanted(fakeact: Fakeact, tmp_path: Path) -> None:
    """Files beside the configuration file are plugins, but only if that was switched on."""
    folder = tmp_path / "fakeact" / "modules"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(MINE)
    (folder / "broken.py").write_text("import no_such_thing")
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert "nap" not in fakeact("-l", **env).stdout
    (tmp_path / "fakeact" / "config.toml").write_text("drop-ins = true\n")
    done = fakeact("-l", **env)
    assert "nap " in done.stdout
    assert done.stderr.count("\n") == 1
    assert "broken.py" in done.stderr


def test_autoload_can_be_switched_off(fakeact: Fakeact, mine: Path) -> None:
    """FAKEACT_DISABLE_PLUGIN_AUTOLOAD loads none but the named."""
    env = {"FAKEACT_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert "hello" not in fakeact("-l", "--plugin", str(mine), **env).stdout
    done = fakeact("-m", "hello", "-s", "1000", "--exit-after-modules", "1", **env)
    assert done.stdout.endswith("All hosts greeted.\n")


def test_a_report_on_a_module(fakeact: Fakeact, mine: Path) -> None:
    """--check holds a module to every rule, says which it breaks and why, and its status is for scripts."""
    good = fakeact("--check", "hello")
    assert good.returncode == 0
    assert good.stdout.count("\n") == len(CHECKS) + 1
    mine.write_text(mine.read_text().replace("zzz", "8.8.8.8"))
    bad = fakeact("--plugin", str(mine), "--check", "nap")
    assert bad.returncode == 1
    assert "names a real address" in bad.stdout
    assert fakeact("--check", "nosuch").returncode == 2


def test_a_new_plugin_is_typed(fakeact: Fakeact, tmp_path: Path) -> None:
    """The project that is written passes mypy --strict, as its author would run it."""
    fakeact("--new-plugin", "post", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "fakeact_post", "tests"],
        cwd=tmp_path / "fakeact-post", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["", "2fast", "a b", "../x", "random", "fakeact", "hello", "Ünique"])
def test_bad_names_are_refused(fakeact: Fakeact, tmp_path: Path, name: str) -> None:
    """A name that can't be a package costs a line that says why, and nothing is written."""
    done = fakeact("--new-plugin", name, str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(fakeact: Fakeact, tmp_path: Path) -> None:
    """A folder that is there stays as it is."""
    (tmp_path / "fakeact-post").mkdir()
    done = fakeact("--new-plugin", "post", str(tmp_path))
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert list((tmp_path / "fakeact-post").iterdir()) == []
