"""What happens in the miner, in the order in which it says so. `at` is seconds since the miner started."""

from dataclasses import dataclass

from fakeact_cryptomining.sim.cards import Health
from fakeact_cryptomining.sim.hashing import Rate


@dataclass(frozen=True)
class Event:
    """Something that happened at a time."""

    at: float


@dataclass(frozen=True)
class Connected(Event):
    """The pool has accepted the login."""


@dataclass(frozen=True)
class NewJob(Event):
    """The pool has sent work."""

    height: int
    difficulty: int
    transactions: int


@dataclass(frozen=True)
class Step(Event):
    """A step of the start has been taken, in so many milliseconds where it took time."""

    what: str
    milliseconds: int = 0
    seed: str = ""
    epoch: int = 0


@dataclass(frozen=True)
class Result(Event):
    """The pool has answered a share; counts include this one. `error` is empty where it accepted."""

    accepted: int
    rejected: int
    difficulty: int
    error: str
    milliseconds: int


@dataclass(frozen=True)
class Speed(Event):
    """All threads' rates, and the highest short one so far."""

    rates: tuple[Rate, Rate, Rate]
    peak: Rate


@dataclass(frozen=True)
class Table(Event):
    """Each thread's rates, and their sums."""

    rows: tuple[tuple[int, tuple[Rate, Rate, Rate]], ...]
    total: tuple[Rate, Rate, Rate]


@dataclass(frozen=True)
class Reports(Event):
    """What each card reports of its health."""

    cards: tuple[Health, ...]


@dataclass(frozen=True)
class Results(Event):
    """What has come of all shares; `top` are the highest difficulties, the highest first."""

    accepted: int
    rejected: int
    hashes: int
    difficulty: int
    milliseconds: int
    top: tuple[int, ...]


@dataclass(frozen=True)
class Connection(Event):
    """How it stands with the pool; times are milliseconds."""

    difficulty: int
    ping: int
    connected: int


@dataclass(frozen=True)
class Lost(Event):
    """The connection is gone."""

    error: str


@dataclass(frozen=True)
class Refused(Event):
    """The pool could not be reached."""

    error: str
