"""A fresh virtual environment: the wheel of fakeact, the wheel of a plugin just made, and nothing of this checkout."""

import os
import re
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


class Fresh:
    """A virtual environment into which wheels are installed by pip; only third-party packages are borrowed."""

    def __init__(self, place: Path) -> None:
        venv.create(place, with_pip=False, symlinks=True)
        scripts = place / ("Scripts" if sys.platform == "win32" else "bin")
        self.python, self.fakeact = scripts / "python", scripts / "fakeact"
        (packages,) = [path for path in place.rglob("site-packages") if path.is_dir()]
        # After its own, so that what was installed here counts; without the .pth file that leads to this checkout.
        (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")

    def install(self, wheel: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        run([*pip, "install", "-q", "--no-deps", "--no-index", "--ignore-installed", str(wheel)])

    def run(self, *command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
        return run([str(self.python if command[0] == "python" else self.fakeact), *command[1:]], cwd)


def run(command: list[str], cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs a command that has to succeed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def wheel_of(folder: Path, out: Path) -> Path:
    """Builds a wheel with what is installed here."""
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(folder)])
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fresh, Path]:
    """The environment, and the folder of the plugin's project."""
    home = tmp_path_factory.mktemp("fresh")
    environment = Fresh(home / "venv")
    environment.install(wheel_of(ROOT, home / "ours"))
    environment.run("fakeact", "--new-plugin", "post-office", cwd=home)
    project = home / "fakeact-post-office"
    environment.install(wheel_of(project, home / "theirs"))
    return environment, project


def test_nothing_comes_from_this_checkout(fresh: tuple[Fresh, Path]) -> None:
    """The fakeact that runs is the one of the wheel."""
    environment, project = fresh
    where = environment.run("python", "-c", "import fakeact; print(fakeact.__file__)", cwd=project).stdout
    assert str(environment.python.parent.parent) in where


def test_the_plugin_is_listed_and_plays(fresh: tuple[Fresh, Path]) -> None:
    """``fakeact -l`` shows it, without a complaint, and ``-m`` plays it."""
    environment, project = fresh
    listed = environment.run("fakeact", "-l", cwd=project)
    assert re.search(r"^post_office +\./post_office --all$", listed.stdout, re.M)
    assert re.search(r"^llm_training ", listed.stdout, re.M)
    assert listed.stderr == ""
    played = environment.run("fakeact", "-m", "post_office", "-s", "1000", "--exit-after-modules", "1", cwd=project)
    assert "40 letters sorted in" in played.stdout


def test_its_tests_pass_there(fresh: tuple[Fresh, Path]) -> None:
    """The plugin's own tests, all rules among them, are green where only wheels are installed."""
    environment, project = fresh
    done = environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", cwd=project)
    assert re.search(r"^\d\d passed in ", done.stdout, re.M), done.stdout
