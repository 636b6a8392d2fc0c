"""The walk of the graph: what can start starts, so many at a time."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Generic, Protocol, TypeVar

TICK = 50
"""Milliseconds that all durations are multiples of, so that a viewer is not woken more often."""
HEARTBEAT = 10_000
"""Milliseconds between two signs of life of one operation (defaultPeriodicUiTimer)."""


class Timed(Protocol):
    """What takes its time."""

    @property
    def milliseconds(self) -> int: ...


Step = TypeVar("Step", bound=Timed)


@dataclass(frozen=True)
class Event(Generic[Step]):
    """Something that happened so many milliseconds into the walk: ``started``, ``alive`` or ``done``."""

    at: int
    what: str
    step: Step


def walk(graph: Mapping[Step, set[Step]], parallelism: int, rng: Random) -> Iterator[Event[Step]]:
    """All events in order; which of those that are ready starts next is up to chance, as in the tool."""
    waiting = {step: set(needs) for step, needs in graph.items()}
    ready = [step for step, needs in waiting.items() if not needs]
    running: list[tuple[int, int, str, Step]] = []
    now = count = busy = 0
    while ready or running:
        while ready and busy < parallelism:
            step = ready.pop(rng.randrange(len(ready)))
            busy += 1
            yield Event(now, "started", step)
            beats = range(HEARTBEAT, step.milliseconds, HEARTBEAT)
            for delay, what in [*((beat, "alive") for beat in beats), (step.milliseconds, "done")]:
                count += 1
                heapq.heappush(running, (now + delay, count, what, step))
        now, _, what, step = heapq.heappop(running)
        yield Event(now, what, step)
        if what == "done":
            busy -= 1
            ready += _freed(waiting, step)


def _freed(waiting: dict[Step, set[Step]], done: Step) -> list[Step]:
    """What was waiting for this alone."""
    freed = [step for step, needs in waiting.items() if done in needs and len(needs) == 1]
    for needs in waiting.values():
        needs.discard(done)
    return freed
