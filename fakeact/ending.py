"""How a show ends: one event that everything listens to, and what made it happen."""

from collections.abc import Callable
from enum import Enum


class Reason(Enum):
    """What ended a show."""

    ASKED = "as asked"  # a deadline, or as many modules as were wanted
    SIGNAL = "a signal"
    CLOSED = "a closed pipe"
    VANISHED = "a terminal that is gone"


class Over:
    """Set once, by whoever comes first; tells its listeners at once."""

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self.signal = 0
        self._listeners: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return self.reason is not None

    def end(self, reason: Reason = Reason.ASKED, signal: int = 0) -> None:
        """End the show; only the first call counts."""
        if self.reason is None:
            self.reason, self.signal = reason, signal
            for listener in list(self._listeners):
                listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call back when the show ends; at once if it has."""
        if self:
            listener()
        else:
            self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Take a listener back."""
        if listener in self._listeners:
            self._listeners.remove(listener)
