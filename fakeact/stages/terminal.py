"""A terminal: a frame is one write, shown at once, in the colours it has."""

import os
import select
from typing import TextIO

from fakeact import ansi
from fakeact.stages.colour import Depth, fit


class TerminalStage:
    """A terminal that is looked at; cursor and colours are given back however the show ends."""

    motion = True

    def __init__(self, stream: TextIO, depth: Depth, fallback: tuple[int, int]) -> None:
        self._fd = stream.fileno()
        self._depth, self._fallback = depth, fallback
        self._hidden = False

    def size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._fd)
        except OSError:
            return self._fallback
        return columns or self._fallback[0], rows or self._fallback[1]

    def write(self, text: str) -> None:
        if ansi.HIDE_CURSOR in text or ansi.SHOW_CURSOR in text:
            self._hidden = text.rfind(ansi.HIDE_CURSOR) > text.rfind(ansi.SHOW_CURSOR)
        if "\r" in text:  # something is redrawn: let it appear all at once
            text = ansi.BEGIN_SYNC + text + ansi.END_SYNC
        # A terminal found in raw mode does not turn a line feed into a new line by itself.
        self._send(fit(text, self._depth).replace("\n", "\r\n").encode("utf-8", "replace"))

    def close(self) -> None:
        if self._hidden:
            self._hidden = False
            self._send((ansi.RESET + ansi.SHOW_CURSOR).encode())

    def _send(self, data: bytes) -> None:
        """Write all of it; a terminal shared with a program that made it non-blocking is waited for."""
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                select.select([], [self._fd], [])
