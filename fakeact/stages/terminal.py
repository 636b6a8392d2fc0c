"""A terminal: a frame is one write, shown at once, in the colours and characters it has."""

import os
import select
from typing import NamedTuple, TextIO

from fakeact import ansi
from fakeact.stages.colour import Depth, fit
from fakeact.stages.glyphs import encodable


class Abilities(NamedTuple):
    """What a terminal can do, and its size where it does not tell."""

    depth: Depth
    size: tuple[int, int] = (80, 24)
    modes: bool = True
    """False for a VT100, which knows none of the private modes that came after it."""


class TerminalStage:
    """A terminal that is looked at; whatever was changed about it is given back by :meth:`close`.

    As a *saver* it plays on the alternate screen with the cursor hidden all the time.
    """

    motion = True

    def __init__(self, stream: TextIO, abilities: Abilities, saver: bool = False) -> None:
        self._fd, self._encoding = stream.fileno(), stream.encoding or "ascii"
        self._can, self._saver = abilities, saver
        self._hidden = self._entered = False

    def size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._fd)
        except OSError:
            columns = rows = 0
        return columns or self._can.size[0], rows or self._can.size[1]

    def open(self) -> None:
        if self._saver and not self._entered and self._can.modes:
            self._entered = True
            self._send(ansi.ENTER_ALTERNATE + ansi.HIDE_CURSOR)

    def write(self, text: str) -> None:
        if self._entered:
            text = text.replace(ansi.HIDE_CURSOR, "").replace(ansi.SHOW_CURSOR, "")
        elif self._can.modes and (ansi.HIDE_CURSOR in text or ansi.SHOW_CURSOR in text):
            self._hidden = text.rfind(ansi.HIDE_CURSOR) > text.rfind(ansi.SHOW_CURSOR)
        if "\r" in text:  # something is redrawn: let it appear all at once
            text = ansi.BEGIN_SYNC + text + ansi.END_SYNC
        self._send(fit(text, self._can.depth))

    def close(self) -> None:
        text = ansi.RESET + ansi.SHOW_CURSOR if self._hidden or self._entered else ""
        text += ansi.LEAVE_ALTERNATE if self._entered else ""
        self._hidden = self._entered = False
        self._send(text)

    def _send(self, text: str) -> None:
        """Write all of it; a terminal shared with a program that made it non-blocking is waited for."""
        if not self._can.modes:
            text = ansi.without_modes(text)
        # A terminal found in raw mode does not turn a line feed into a new line by itself.
        text = encodable(text.replace("\n", "\r\n"), self._encoding)
        data = text.encode(self._encoding, "replace")
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                select.select([], [self._fd], [])
