"""A canvas and the stage it is sent to: one write a frame, and no word where nothing changed."""

import errno
from contextlib import suppress

from fakeact.canvas import Canvas, LineCanvas, ScreenCanvas, Size
from fakeact.ending import Over, Reason
from fakeact.stages import Stage


class Screen:
    """Where all text goes. A stage that fails ends the show instead of breaking it."""

    def __init__(self, stage: Stage, over: Over) -> None:
        self.canvas: Canvas = ScreenCanvas(self.size) if stage.motion else LineCanvas(self.size)
        self._stage, self._over = stage, over
        self._size: Size | None = None

    @property
    def motion(self) -> bool:
        """True on a terminal."""
        return self._stage.motion

    def size(self) -> Size:
        """Columns and rows, as they are now: asked once a frame, as shows ask often."""
        if self._size is None:
            self._size = self._stage.size()
        return self._size

    def show(self) -> None:
        """Send the picture as it is to be now."""
        self._size = None
        self._send(self.canvas.frame())
        self._size = None

    def resized(self) -> None:
        """Lay the region out anew, at once."""
        self.canvas.invalidate()
        self.show()

    def pause(self) -> None:
        """Clear the region away: the terminal will be somebody else's for a while (Ctrl-Z)."""
        self._send(self.canvas.pause())

    def leave(self) -> None:
        """Give the terminal back as it was found, if it is still there."""
        with suppress(OSError):
            self._stage.close()

    def finish(self) -> None:
        """Send what is left and leave the cursor at the start of a fresh line."""
        self._send(self.canvas.finish())

    def wipe(self) -> None:
        """Take away what was typed onto the fresh line that :meth:`finish` left."""
        self._send(self.canvas.wipe())

    def _send(self, text: str) -> None:
        if not text or self._over.reason in (Reason.CLOSED, Reason.VANISHED):
            return
        try:
            self._stage.write(text)
        except OSError as error:
            closed = isinstance(error, BrokenPipeError) or error.errno == errno.EPIPE
            self._over.end(Reason.CLOSED if closed else Reason.VANISHED)
