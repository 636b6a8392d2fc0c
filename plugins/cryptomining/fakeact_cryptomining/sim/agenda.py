"""What happens next: a queue of actions by their time."""

import heapq
from collections.abc import Callable, Iterator

from fakeact_cryptomining.sim.events import Event, Step

Action = Callable[[float], Iterator[Event]]
"""What is done at a time; gives what is to be told of it."""


class Agenda:
    """Actions that are planned. Those of a session are forgotten when the connection is lost."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Action]] = []
        self._order = self._session = 0

    @property
    def next_at(self) -> float:
        """When the next action is due."""
        return self._entries[0][0]

    def pop(self) -> tuple[float, Action]:
        """Take the next action."""
        at, _, action = heapq.heappop(self._entries)
        return at, action

    def plan(self, at: float, action: Action) -> None:
        """Plan an action."""
        self._order += 1
        heapq.heappush(self._entries, (at, self._order, action))

    def plan_in_session(self, at: float, action: Action) -> None:
        """Plan an action that a lost connection takes along."""
        session = self._session

        def guarded(at: float) -> Iterator[Event]:
            if session == self._session:
                yield from action(at)

        self.plan(at, guarded)

    def new_session(self) -> None:
        """Forget what belongs to the session so far."""
        self._session += 1

    def step(self, at: float, took: int, what: str, then: Action, *, epoch: int = 0) -> None:
        """Plan a step that takes milliseconds from *at* on, of which is told when it has been taken."""

        def taken(at: float) -> Iterator[Event]:
            yield Step(at, what, took, epoch=epoch)
            yield from then(at)

        self.plan(at + took / 1000, taken)
