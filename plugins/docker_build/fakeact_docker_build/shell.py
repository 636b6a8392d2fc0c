"""What the commands of a `RUN` write and how long they take."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fakeact_docker_build.vertex import Log

T = TypeVar("T")


@dataclass
class Shell:
    """A shell in a build container: its own clock, its output, and what it leaves on disk."""

    rng: random.Random
    name: str
    """What the program that is built is called."""
    bandwidth: float
    """Bytes a second that downloads get."""
    slowness: float = 1.0
    """How much longer everything else takes than on a fast machine."""
    clock: float = 0.0
    logs: list[Log] = field(default_factory=list)
    node: str = ""
    """The version of Node.js in the project's images, if there is one."""
    began: datetime = datetime(2026, 1, 30, tzinfo=UTC)
    """When the whole build began; *clock* are the seconds since."""
    wrote: int = 0
    """Bytes that the new layer has."""

    @property
    def now(self) -> datetime:
        """What a clock in the container shows."""
        return self.began + timedelta(seconds=self.clock)

    def wait(self, low: float, high: float) -> None:
        """Let some time pass, in seconds of a fast machine."""
        self.clock += self.rng.uniform(low, high) * self.slowness

    def say(self, *lines: str) -> None:
        """Write lines, all at this moment."""
        self.logs += [Log(self.clock, line) for line in lines]

    def say_slowly(self, lines: list[str], low: float, high: float) -> None:
        """Write lines one by one, with a pause after each."""
        for line in lines:
            self.say(line)
            self.wait(low, high)

    def fetch(self, size: float) -> None:
        """Download something: an answer's latency, then its bytes."""
        self.clock += self.rng.uniform(0.01, 0.06) + size / (self.bandwidth * self.rng.uniform(0.5, 1.2))

    def some(self, items: list[T], share: float) -> list[T]:
        """A good part of a list, in its order."""
        return [item for item in items if self.rng.random() < share]
