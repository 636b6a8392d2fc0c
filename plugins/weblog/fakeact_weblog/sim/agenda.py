"""What is going to happen when: a discrete event simulation whose actors are generators."""

import heapq
from collections.abc import Callable, Generator
from itertools import count
from typing import TypeVar

T = TypeVar("T")
Done = Callable[[int], None]
Step = float | Callable[[Done], None]
"""What an actor waits for: seconds, or something that calls back with a status."""
Script = Generator[Step, int, T]
"""An actor: it yields steps and is sent the status of what it has waited for, 0 after a pause."""


class Agenda:
    """Events in the order of their time, in seconds; 0 is the show's first moment."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._number = count()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Have an action done in so many seconds."""
        heapq.heappush(self._events, (self.now + seconds, next(self._number), action))

    def play(self, script: Script[object]) -> None:
        """Let an actor act, from now on."""
        self._resume(script, None)

    def _resume(self, script: Script[object], status: int | None) -> None:
        try:
            step = next(script) if status is None else script.send(status)
        except StopIteration:
            return
        if callable(step):
            step(lambda status: self._resume(script, status))
        else:
            self.after(step, lambda: self._resume(script, 0))

    @property
    def next_at(self) -> float:
        """When something happens next."""
        return self._events[0][0]

    def advance(self, until: float) -> None:
        """Do all that is due until then."""
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heapq.heappop(self._events)
            action()
        self.now = until
