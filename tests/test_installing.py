"""The command that installs a plugin fits the environment that asks."""

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from fakeact.errors import UsageError
from fakeact.installing import command, how_to_install

RECEIPT = """
[tool]
requirements = [
    { name = "fakeact", extras = ["inhibit"], specifier = ">=0.1" },
    { name = "fakeact-yawn" },
    { name = "fakeact-local", directory = "/home/me/my shows/local" },
    { name = "fakeact-mine", editable = "/home/me/mine" },
    { name = "fakeact-nap", specifier = "==1.0" },
]
entrypoints = [{ name = "fakeact", install-path = "/home/me/.local/bin/fakeact", from = "fakeact" }]
"""


def test_a_plain_environment(tmp_path: Path) -> None:
    """In a virtual environment it is pip of the interpreter that runs."""
    venv.create(tmp_path, with_pip=False)
    assert command("fakeact-nap", tmp_path, "/x/python") == ["/x/python", "-m", "pip", "install", "fakeact-nap"]


def test_pipx_injects(tmp_path: Path) -> None:
    """What pipx has made, wherever its home is, takes an injection, under the name that it has there."""
    place = tmp_path / "fakeact_2"
    place.mkdir()
    (place / "pipx_metadata.json").write_text("{}")
    assert command("fakeact-nap", place, "python") == ["pipx", "inject", "fakeact_2", "fakeact-nap"]


def test_a_uv_tool_is_told_of_everything(tmp_path: Path) -> None:
    """A tool of uv is installed anew, so all that it was installed with is said again, from where it came."""
    (tmp_path / "uv-receipt.toml").write_text(RECEIPT)
    said = " ".join(command("fakeact-nap", tmp_path, "python"))
    assert said == (
        "uv tool install fakeact[inhibit]>=0.1 --with fakeact-yawn --with /home/me/my shows/local "
        "--with-editable /home/me/mine --with fakeact-nap"
    )


def test_an_environment_of_uv_without_pip(tmp_path: Path) -> None:
    """Environments that uv makes have no pip: then uv installs, for this interpreter."""
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.13.9\n")
    assert command("x", tmp_path, "/x/python") == ["uv", "pip", "install", "--python", "/x/python", "x"]
    (tmp_path / "lib" / "python3.11" / "site-packages" / "pip").mkdir(parents=True)
    assert command("x", tmp_path, "/x/python") == ["/x/python", "-m", "pip", "install", "x"]


def test_uvx_is_asked_with_it(tmp_path: Path) -> None:
    """An environment that lasts for one run can't be added to: the next run is asked with the plugin."""
    assert command("x", tmp_path / "archive-v0" / "abc", "python") == ["uvx", "--with", "x", "fakeact"]


def test_a_system_that_is_managed(tmp_path: Path) -> None:
    """Outside an environment pip is told what it would ask for."""
    words = command("x", tmp_path, "/usr/bin/python3", outside=("--user", "--break-system-packages"))
    assert words[-4:] == ["install", "--user", "--break-system-packages", "x"]


def test_the_line_can_be_pasted() -> None:
    """What a shell would take apart is quoted, and this environment's interpreter is named."""
    line = how_to_install("./my shows/x.whl")
    assert line.endswith("install './my shows/x.whl'\n")
    assert line.count("\n") == 1


@pytest.mark.parametrize("name", ["", "  ", "--upgrade"])
def test_what_is_no_name(name: str) -> None:
    """An option or nothing is not passed on."""
    with pytest.raises(UsageError, match="is no plugin"):
        how_to_install(name)


def test_the_command_line_prints_it(fakeact: Callable[..., "subprocess.CompletedProcess[str]"]) -> None:
    """--how-to-install prints one line and runs nothing."""
    done = fakeact("--how-to-install", "fakeact-nap")
    assert (done.returncode, done.stderr) == (0, "")
    assert sys.executable in done.stdout or "uv" in done.stdout
    assert fakeact("--how-to-install", "-x").returncode == 2
