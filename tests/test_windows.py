"""Windows, with the platform's calls replaced: not tried on a real one."""

import subprocess
import sys
from types import ModuleType

import pytest

from fakeact.ending import Over
from fakeact.keys import Keys
from fakeact.stages import opening
from tests.conftest import ROOT

POSIX_ONLY = {"termios", "tty", "pty", "fcntl", "pwd", "resource"}


def test_nothing_posix_is_imported_on_the_way_to_a_show() -> None:
    """The command line and a whole show in a pipe work where POSIX's modules do not exist."""
    code = f"""
import sys
for name in {sorted(POSIX_ONLY)!r}:
    sys.modules[name] = None
from fakeact.cli import main
main(["-m", "hello", "-s", "1000", "--exit-after-modules", "1", "--screensaver", "--no-prompt"])
"""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "All hosts greeted." in done.stdout


def test_missing_signals_are_not_missed() -> None:
    """Where SIGHUP, SIGQUIT, SIGTSTP, SIGALRM and setitimer do not exist a show still plays."""
    code = """
import signal
for name in ("SIGHUP", "SIGQUIT", "SIGTSTP", "SIGALRM", "setitimer", "ITIMER_REAL"):
    delattr(signal, name)
from fakeact.cli import main
main(["-m", "hello", "-s", "1000", "--exit-after-modules", "1", "--exit-after-time", "20s"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class Console:
    """A console with a keyboard."""

    closed = False

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


class Loop:
    """An event loop that is called from a thread."""

    def __init__(self) -> None:
        self.called: list[object] = []

    def call_soon_threadsafe(self, callback: object) -> None:
        self.called.append(callback)


def test_keys_come_from_msvcrt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key after the grace period ends the show; one within it does not."""
    msvcrt, moments = ModuleType("msvcrt"), iter([0.1, 0.9])
    pressed: list[str] = []
    msvcrt.getwch = lambda: pressed.append("x") or "x"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(sys, "platform", "win32")
    threads: list[object] = []

    class Thread:
        def __init__(self, target: object, daemon: bool) -> None:
            assert daemon
            threads.append(target)

        def start(self) -> None:
            threads[0]()  # type: ignore[operator]

    monkeypatch.setattr("threading.Thread", Thread)
    over, loop = Over(), Loop()
    keys = Keys(over, loop, Console(), lambda: next(moments))  # type: ignore[arg-type]
    keys.open()
    keys.close()
    assert pressed == ["x", "x"]
    assert loop.called == [over.end]


def test_the_consoles_vt_mode_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows colorama's fix is called once; elsewhere colorama is not even imported."""
    calls: list[str] = []
    colorama = ModuleType("colorama")
    colorama.just_fix_windows_console = lambda: calls.append("fixed")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "colorama", colorama)
    monkeypatch.setattr(opening.os, "name", "nt")

    class Stream(Console):
        encoding = "utf-8"

    opening.open_stage(Stream(), "auto", {})  # type: ignore[arg-type]
    assert calls == ["fixed"]
