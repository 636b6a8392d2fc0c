"""What there is to be seen of a build at one moment, before it is laid out for any terminal."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from fakeact_docker_build.vertex import Build, Status, Vertex

State = Literal["running", "completed", "failed", "canceled"]


@dataclass
class Job:
    """What one row tells."""

    name: str
    seconds: float
    state: State
    amount: str = ""
    output: list[str] = field(default_factory=list)
    """What the step has written so far, as long as it runs."""

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self.state == "running"


@dataclass
class Picture:
    """A moment of a build."""

    now: float
    done: int
    known: int
    jobs: list[Job]


def look(build: Build, now: float) -> Picture:
    """A build as it is at a moment."""
    done, known = build.counts(now)
    return Picture(now, done, known, [job for vertex in build.started(now) for job in _jobs(vertex, now)])


def _jobs(vertex: Vertex, now: float) -> Iterator[Job]:
    """A vertex's job, its statuses' and its warnings'."""
    state = _state(vertex, now)
    word = {"failed": "ERROR ", "canceled": "CANCELED "}.get(state, "") + "CACHED " * vertex.cached
    seconds = min(vertex.completed, now) - vertex.started
    past = bisect_right(vertex.logs, now, key=lambda log: log.at) if state == "running" else 0
    yield Job(word + vertex.name, seconds, state, output=[log.text for log in vertex.logs[:past]])
    for status in vertex.statuses:
        if status.started <= now:
            took = min(status.completed, now) - status.started
            over: State = "completed" if status.completed <= now else "running"
            yield Job(f"=> {status.id}", took, over, amount(status, now))
    if vertex.warned <= now:
        # BuildKit never calls a warning complete: it keeps its place on a low screen.
        yield from (Job(f"WARN: {warning}", seconds, "running") for warning in vertex.warnings)


def _state(vertex: Vertex, now: float) -> State:
    if vertex.completed > now:
        return "running"
    if vertex.error:
        return "canceled" if vertex.canceled else "failed"
    return "completed"


def amount(status: Status, now: float) -> str:
    """Bytes done, of how many where that is known."""
    current = status.current(now)
    if status.total:
        return f"{size(current)} / {size(status.total)}"
    return size(current) if current else ""


def size(count: int) -> str:
    """Bytes in powers of 1000, with two decimals from a kilobyte on.

    >>> size(955), size(1399), size(28_230_000)
    ('955B', '1.40kB', '28.23MB')
    """
    if count < 1000:
        return f"{count}B"
    value, unit = count / 1000, 0
    while value >= 1000:
        value, unit = value / 1000, unit + 1
    return f"{value:.2f}{('kB', 'MB', 'GB', 'TB')[unit]}"
