"""Completions and the manual page, checked by those who read them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Fakeact = Callable[..., "subprocess.CompletedProcess[str]"]


def needs(tool: str) -> pytest.MarkDecorator:
    """Skips where a tool is missing, and says which."""
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"needs {tool}")


@pytest.fixture
def script(fakeact: Fakeact, tmp_path: Path) -> Callable[[str], Path]:
    """Writes a shell's completions to a file."""

    def write(shell: str) -> Path:
        done = fakeact("--print-completions", shell)
        assert (done.returncode, done.stderr) == (0, "")
        path = tmp_path / f"_fakeact.{shell}"
        path.write_text(done.stdout)
        return path

    return write


def run(*words: str) -> str:
    """What a shell prints; it must find nothing wrong."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@needs("bash")
def test_bash_completes_modules_and_options(script: Callable[[str], Path]) -> None:
    """Bash offers the modules after -m and the options' keys after -o."""
    ask = (
        "source {0}; COMP_WORDS=(fakeact {1} {2}); COMP_CWORD=2; _shtab_fakeact fakeact {2} {1}; "
        'printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    path = script("bash")
    assert "llm_training" in run("bash", "-c", ask.format(path, "-m", "llm"))
    assert "hello.hosts=" in run("bash", "-c", ask.format(path, "-o", "hel"))


@needs("zsh")
def test_zsh_understands_its_completions(script: Callable[[str], Path]) -> None:
    """Zsh loads the function and knows it completes fakeact."""
    path = script("zsh")
    run("zsh", "-n", str(path))
    assert "#compdef fakeact" in path.read_text().splitlines()[0]


@needs("fish")
def test_fish_completes_modules(script: Callable[[str], Path]) -> None:
    """Fish offers the modules after -m."""
    path = script("fish")
    assert "llm_training" in run("fish", "--no-config", "-c", f"source {path}; complete -C 'fakeact -m llm'")


@needs("tcsh")
def test_tcsh_understands_its_completions(script: Callable[[str], Path]) -> None:
    """Tcsh takes the script without a complaint."""
    run("tcsh", "-f", "-c", f"source {script('tcsh')}")


def test_powershell_has_modules_and_options(script: Callable[[str], Path]) -> None:
    """PowerShell's script, which is not run here, registers a completer that has them."""
    text = script("powershell").read_text()
    assert "Register-ArgumentCompleter" in text
    assert "llm_training" in text


@needs("groff")
def test_the_manual_page_is_roff(fakeact: Fakeact, tmp_path: Path) -> None:
    """Groff formats the page without a warning, with every long option in it."""
    page = tmp_path / "fakeact.1"
    page.write_text(fakeact("--print-manpage").stdout)
    text = run("groff", "-man", "-Tascii", "-ww", str(page))
    for option in ("exit-after-time", "print-completions", "screensaver"):
        assert option in text.replace("\x08", "")
