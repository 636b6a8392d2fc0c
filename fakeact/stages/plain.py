"""A pipe or a file: lines, one after the other."""

from typing import TextIO

from fakeact.stages.colour import Depth, fit
from fakeact.stages.glyphs import encodable


class PlainStage:
    """Takes lines as they come; colours only if they were asked for."""

    motion = False

    def __init__(self, stream: TextIO, depth: Depth, size: tuple[int, int]) -> None:
        self._stream, self._depth, self._size = stream, depth, size

    def size(self) -> tuple[int, int]:
        return self._size

    def open(self) -> None:
        """Nothing has to be changed."""

    def write(self, text: str) -> None:
        encoding = self._stream.encoding or "ascii"
        self._stream.write(encodable(fit(text, self._depth), encoding))
        self._stream.flush()

    def close(self) -> None:
        """Nothing was changed that would have to be put back."""
