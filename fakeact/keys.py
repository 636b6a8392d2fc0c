"""Any key ends a screensaver, and is not handed on to whatever comes after it."""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from fakeact.ending import Over, Reason

GRACE = 0.5
"""Seconds of playing time at the start in which keys don't count: a hand may still be on the keyboard."""


class Keys:
    """Listens to a terminal's keys while it is open; a stream that is no terminal is never read."""

    def __init__(self, over: Over, loop: asyncio.AbstractEventLoop, stream: TextIO, playing: Callable[[], float]):
        self._over, self._loop, self._stream, self._playing = over, loop, stream, playing
        self._saved: Any = None  # termios' modes as they were found

    def open(self) -> None:
        """Begin to listen: keys one by one, without an echo."""
        if self._stream is None or self._stream.closed or not self._stream.isatty():
            return
        if sys.platform == "win32":
            self._listen_on_windows()
        else:
            self._listen()

    def close(self) -> None:
        """Put the terminal's modes back as they were found, and drop what was typed."""
        if self._saved is None or sys.platform == "win32":
            return
        import termios

        self._loop.remove_reader(self._stream.fileno())
        with suppress(OSError, termios.error):  # the terminal may be gone
            termios.tcsetattr(self._stream.fileno(), termios.TCSAFLUSH, self._saved)
        self._saved = None

    def _listen(self) -> None:
        import termios

        fd = self._stream.fileno()
        with suppress(OSError, termios.error):
            self._saved = termios.tcgetattr(fd)
            modes = termios.tcgetattr(fd)
            modes[3] &= ~(termios.ECHO | termios.ICANON)
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(fd, termios.TCSADRAIN, modes)
            self._loop.add_reader(fd, self._pressed)

    def _pressed(self) -> None:
        try:
            typed = os.read(self._stream.fileno(), 4096)
        except OSError:
            typed = b""
        if not typed:  # end of file or an error: nobody is there any more
            self._loop.remove_reader(self._stream.fileno())
            self._over.end(Reason.VANISHED)
        elif self._playing() >= GRACE:
            self._over.end()

    def _listen_on_windows(self) -> None:
        import msvcrt
        import threading

        def wait() -> None:
            while True:
                msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
                if self._playing() >= GRACE:
                    break
            self._loop.call_soon_threadsafe(self._over.end)

        threading.Thread(target=wait, daemon=True).start()
