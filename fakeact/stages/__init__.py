"""Where a show ends up: a stage takes text and knows how large it is."""

from typing import Protocol


class Stage(Protocol):
    """Takes finished frames. What it can't show, it takes out."""

    @property
    def motion(self) -> bool:
        """True where a cursor can move, so that a live region can be drawn."""

    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""

    def write(self, text: str) -> None:
        """Show a frame; raises OSError if nobody is there to see it."""

    def open(self) -> None:
        """Begin, or go on after :meth:`close`."""

    def close(self) -> None:
        """Leave everything as it was found."""
