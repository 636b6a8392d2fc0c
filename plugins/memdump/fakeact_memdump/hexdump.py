"""What `hexdump -C` of util-linux prints for bytes that come in piece by piece."""

from collections.abc import Iterator

ROW = 16
"""Bytes a line."""


class Hexdump:
    """The state between two pieces: where it is, what the last line was, and what is not yet a line."""

    def __init__(self) -> None:
        self._offset = 0
        self._row, self._rest = b"", b""
        self._folding = False

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that these bytes complete; rows that repeat the one before are one `*` together."""
        data = self._rest + data
        whole = len(data) - len(data) % ROW
        self._rest = data[whole:]
        for start in range(0, whole, ROW):
            yield from self._lines(data[start : start + ROW])

    def end(self) -> Iterator[str]:
        """The last lines: a row that stayed short, never folded, and the number of bytes there were."""
        if self._rest:
            yield line(self._offset, self._rest)
            self._offset += len(self._rest)
        if self._offset:  # of nothing it says nothing
            yield f"{self._offset:08x}"

    def _lines(self, row: bytes) -> Iterator[str]:
        if row != self._row:
            yield line(self._offset, row)
        elif not self._folding:
            yield "*"
        self._folding = row == self._row
        self._row = row
        self._offset += ROW


def line(offset: int, row: bytes) -> str:
    """One line of up to 16 bytes.

    >>> line(0x200, bytes(range(0x3c, 0x47)))
    '00000200  3c 3d 3e 3f 40 41 42 43  44 45 46                 |<=>?@ABCDEF|'
    """
    halves = f"{row[:8].hex(' '):23}  {row[8:].hex(' '):23}"
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
    return f"{offset:08x}  {halves}  |{text}|"
