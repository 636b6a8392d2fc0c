"""The tutorial, followed to the letter: files are saved, commands are run, their output is compared."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "writing-a-module.md"
HELLO = ROOT / "plugins" / "hello"
_STEP = re.compile(r"^```(python|py|console)\n(.*?)^```", re.M | re.S)


def steps() -> Iterator[tuple[str, str]]:
    """What a reader does: ``save`` a module or its ``tests``, and ``run`` a command with the output it should have."""
    for language, text in _STEP.findall(PAGE.read_text()):
        if language != "console":
            yield {"python": "save", "py": "tests"}[language], text
            continue
        for command in re.split(r"^\$ ", text, flags=re.M)[1:]:
            yield "run", command


class Reader:
    """Someone at a shell, in an environment that has fakeact and pytest."""

    def __init__(self, home: Path) -> None:
        self.folder, self.site = home / "work", home / "site"
        self.folder.mkdir()
        self.tests = ""
        self.env = {**os.environ, "FAKEACT_SPEED_FACTOR": "1000", "PYTHONPATH": str(self.site), "COLUMNS": "80"}

    def run(self, command: str) -> str:
        """What a command prints, on either stream."""
        words = shlex.split(command)
        if words[0] == "cd":
            self.folder /= words[1]
            (self.folder / "tests" / "test_hullo.py").write_text(self.tests)
            return ""
        if words[:2] == ["pip", "install"]:
            return self._install()
        shell = command.replace("fakeact ", f"{shlex.quote(sys.executable)} -m fakeact ", words[0] == "fakeact")
        if words[0] == "python":
            shell = f"{shlex.quote(sys.executable)} {command.partition(' ')[2]}"
        for tool in ("pip", "pytest"):
            if words[0] == tool:
                shell = f"{shlex.quote(sys.executable)} -m {command}"
        if words[:2] == ["pip", "wheel"]:
            shell += " --no-build-isolation --no-index"
        if words[0] == "pytest":
            shell += " -p no:cacheprovider"
        done = subprocess.run(
            shell, shell=True, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        return done.stdout + done.stderr

    def _install(self) -> str:
        """As pip does, but without its half minute: build the wheel and lay it out on the path."""
        self.run("pip wheel -q --no-deps -w built .")
        (wheel,) = (self.folder / "built").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)
        return "installed\n"


def matches(expected: str, printed: str) -> bool:
    """Whether an output is the expected one, where ``...`` stands for any lines."""
    pattern = re.escape(expected).replace(re.escape("...\n"), "(?:.*\n)*")
    return re.fullmatch(pattern, printed) is not None


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """The whole tutorial: every command with the output it should have and the one it had."""
    reader = Reader(tmp_path_factory.mktemp("reader"))
    seen = []
    for what, text in steps():
        if what == "save":
            (reader.folder / "hullo.py").write_text(text)
        elif what == "tests":
            reader.tests = text
        else:
            command, _, expected = text.partition("\n")
            seen.append((command, expected, reader.run(command)))
    return seen


def test_every_command_prints_what_is_shown(followed: list[tuple[str, str, str]]) -> None:
    """Who follows the tutorial sees what it shows."""
    assert len(followed) > 14
    for command, expected, printed in followed:
        assert matches(expected, printed), f"$ {command}\n{printed}"


def test_the_tests_of_the_result_pass(followed: list[tuple[str, str, str]]) -> None:
    """The reader's own tests, with every rule among them, are green in the project that was made."""
    (output,) = [printed for command, _, printed in followed if command.startswith("pytest")]
    assert re.search(r"^\d\d passed in ", output, re.M), output


def test_hello_is_the_tutorials_result() -> None:
    """The last listing is the bundled module, under the name that its reader can have."""
    listings = [text for what, text in steps() if what == "save"]
    ours = (HELLO / "fakeact_hello" / "__init__.py").read_text()
    assert listings[-1] == ours.replace('Module("hello"', 'Module("hullo"')
    assert len(listings) >= 5


def test_an_output_that_differs_is_found() -> None:
    """The comparison knows a wrong line from a right one."""
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert not matches("a\n...\nd\n", "a\nb\nc\n")
    assert not matches("a\n", "b\n")
