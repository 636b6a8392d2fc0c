"""What the tests share: modules made on the spot, and a real terminal to play in."""

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest

from fakeact import Module

ROOT = Path(__file__).parent.parent
FAKEACT = (sys.executable, "-m", "fakeact")


@pytest.fixture
def module() -> Callable[..., Module]:
    """Makes a module out of a coroutine function."""
    return lambda run, name="probe": Module(name, f"./{name}", run)


class Terminal:
    """A program in a pseudo-terminal of its own."""

    def __init__(
        self, *arguments: str, command: Sequence[str] = FAKEACT, columns: int = 80, rows: int = 24, **env: str
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.modes = termios.tcgetattr(self.slave)
        self.output = ""
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "CI")}
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, cwd=ROOT, start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
            env={**environment, "TERM": "xterm-256color", **env},
        )  # fmt: skip

    def resize(self, columns: int, rows: int) -> None:
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def watch(self, seconds: float) -> None:
        """Look on for so long: a terminal that nobody reads makes its program wait."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            self._read(0.05)

    def drain(self) -> None:
        """Read what has come."""
        while not self._read(0.05):
            pass

    def read_until(self, text: str, seconds: float = 20, after: int = 0) -> str:
        """Read on until a text has come (after so many characters); fails if it does not."""
        give_up = time.monotonic() + seconds
        while text not in self.output[after:]:
            assert time.monotonic() < give_up, f"{text!r} never came, but: {self.output[-500:]!r}"
            if self._read(0.1) and self.process.poll() is not None:
                assert text in self.output, f"ended without {text!r}: {self.output[-500:]!r}"
        return self.output

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait(self, seconds: float = 20) -> int:
        """Read to the end; gives the exit status, negative for a signal."""
        give_up = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < give_up, f"does not end: {self.output[-500:]!r}"
            self._read(0.05)
        self.drain()
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        """Read what is there; True if that was nothing."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return True
        self.output += data.decode("utf-8", "replace")
        return not data

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for fd in (self.master, self.slave):
            os.close(fd)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Starts ``fakeact ...`` in a real terminal; all are ended with the test."""
    opened: list[Terminal] = []

    def start(*arguments: str, **settings: Any) -> Terminal:
        opened.append(Terminal(*arguments, **settings))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def fakeact() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs ``fakeact ...`` with its output in a pipe."""

    def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "fakeact", *arguments],
            capture_output=True, text=True, timeout=60, cwd=ROOT, check=False, env={**os.environ, **env},
        )  # fmt: skip

    return run
