"""What is known about a build: vertices with their statuses and logs, readable at any moment.

All times are seconds since the build began. Everything here is data; the views ask it what was true
at a moment and never change it. The words are BuildKit's own (`client.SolveStatus`).
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

NEVER = float("inf")
CANCELED = "context canceled"


@dataclass(frozen=True)
class Log:
    """A line that a command wrote, without its line feed."""

    at: float
    text: str


@dataclass
class Status:
    """One part of a vertex's work: a layer's download, an extraction, a manifest's export."""

    id: str
    started: float
    completed: float
    total: int = 0
    """Bytes to come; 0 where nobody knows beforehand."""
    curve: list[tuple[float, int]] = field(default_factory=list)
    """Moments, ascending, and the bytes done by then."""

    def current(self, now: float) -> int:
        """Bytes done by a moment."""
        past = bisect_right(self.curve, now, key=lambda point: point[0])
        return self.curve[past - 1][1] if past else 0


@dataclass
class Vertex:
    """A node of the build graph: what one row of the display stands for."""

    name: str
    known: float = 0.0
    """When the client hears of it: from then on it counts in the total."""
    started: float = NEVER
    completed: float = NEVER
    cached: bool = False
    error: str = ""
    statuses: list[Status] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    warned: float = NEVER

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.completed - self.started

    @property
    def canceled(self) -> bool:
        """Whether it was given up because another one failed."""
        return self.error == CANCELED

    @property
    def times(self) -> list[float]:
        """Every moment, ascending, at which the builder reports something about it."""
        times = [self.started, self.completed, self.warned, *(log.at for log in self.logs)]
        for status in self.statuses:
            times += [status.started, status.completed, *(at for at, _ in status.curve)]
        return sorted(times)

    def stop(self, at: float, error: str) -> None:
        """End it before its time: nothing after that moment has happened."""
        self.completed, self.error = at, error
        self.logs = [log for log in self.logs if log.at <= at]
        self.statuses = [status for status in self.statuses if status.started <= at]
        for status in self.statuses:
            status.completed = status.completed if status.completed <= at else NEVER


@dataclass
class Build:
    """A whole build, from the first row to the last."""

    vertices: list[Vertex]
    ended: float
    """When the client has heard the last of it."""
    image: str
    dockerfile: str
    warnings: list[str]
    failure: "Failure | None" = None
    canceled: bool = False
    """Whether the client gave up before it had ended."""

    def cancel(self, at: float) -> None:
        """End it before its time: what runs is given up, what has not started never will."""
        for vertex in self.vertices:
            if vertex.started > at:
                vertex.started = vertex.completed = NEVER
            elif vertex.completed > at:
                vertex.stop(at, CANCELED)
        if all(vertex.warned > at for vertex in self.vertices):
            self.warnings = []
        self.canceled, self.failure, self.ended = True, None, at

    def started(self, now: float) -> list[Vertex]:
        """The vertices with a row, in the order of their rows."""
        return sorted((v for v in self.vertices if v.started <= now), key=lambda vertex: vertex.started)

    @cached_property
    def times(self) -> list[float]:
        """Every moment at which the builder reports something."""
        return sorted(at for vertex in self.vertices for at in vertex.times)

    def busy(self, since: float, now: float) -> bool:
        """Whether anything was reported between two moments."""
        return bisect_right(self.times, since) < bisect_right(self.times, now)

    def counts(self, now: float) -> tuple[int, int]:
        """How many vertices are complete, and how many are known."""
        done = sum(vertex.completed <= now for vertex in self.vertices)
        return done, sum(vertex.known <= now for vertex in self.vertices)


@dataclass(frozen=True)
class Failure:
    """Why a build came to nothing."""

    vertex: Vertex
    command: str
    code: int
    first: int
    """The Dockerfile's lines that hold the command, counted from 1."""
    last: int

    @property
    def message(self) -> str:
        """What the solver says about it."""
        quoted = self.command.replace('"', '\\"')
        return f'process "/bin/sh -c {quoted}" did not complete successfully: exit code: {self.code}'
