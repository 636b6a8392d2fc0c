"""Files that a module may write because somebody asked it to: named by an option, opened here.

A module declares ``metrics: Output | None = None`` among its options and gets, for ``-o metrics=run.jsonl``,
an :class:`Output` that is open. It never opens anything itself.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from fakeact.errors import UsageError


class Output:
    """A text file a module writes to; nothing is on disk before :meth:`open`, which is the core's business."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: TextIO | None = None

    def __repr__(self) -> str:
        return f"Output({self.path!r})"

    @property
    def suffix(self) -> str:
        """The ending of its name in small letters, ``.jsonl`` for one: what a module chooses a format by."""
        return os.path.splitext(self.path)[1].lower()

    def open(self, force: bool = False) -> None:
        """Make the file, over an old one only with *force*; raises UsageError with one line if that can't be."""
        special = os.path.exists(self.path) and not os.path.isfile(self.path)
        try:
            self._file = open(self.path, "w" if force or special else "x", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed by close()
        except FileExistsError:
            raise UsageError(f"{self.path} is there already: --force writes over it") from None
        except OSError as error:
            raise UsageError(f"{self.path} can't be written: {error.strerror or error}") from None

    def write(self, text: str) -> None:
        """Add text; whoever reads the file meanwhile sees it at once."""
        assert self._file, "an output is opened before the show begins"
        self._file.write(text)
        self._file.flush()

    def replace(self, text: str) -> None:
        """Make this the whole content; a reader sees the old one or the new one, never a part."""
        beside = f"{self.path}.tmp"
        try:
            with open(beside, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.replace(beside, self.path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(beside)

    def close(self) -> None:
        """Finish the file; no error if it was never opened."""
        if self._file:
            self._file.close()
            self._file = None


@contextmanager
def opened(options: Mapping[str, Mapping[str, Any]], force: bool) -> Iterator[None]:
    """Open the files that modules' options name, and close them in the end; raises UsageError if one can't be."""
    named = [value for chosen in options.values() for value in chosen.values() if isinstance(value, Output)]
    try:
        for output in named:
            output.open(force)
        yield
    finally:
        for output in named:
            output.close()
