"""What happens in one run of wget2, in the order in which the program comes to know it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Requested:
    """A worker has asked for *url*."""

    slot: int
    url: str


@dataclass(frozen=True)
class Saving:
    """A file has been opened to be written, or to be written on."""

    name: str


@dataclass(frozen=True)
class Begun:
    """A response's header has come. Of *size* bytes, *have* were here before."""

    slot: int
    name: str
    size: int
    have: int = 0


@dataclass(frozen=True)
class Short:
    """A body ended too early: *got* bytes of *size*."""

    got: int
    size: int
    url: str


@dataclass(frozen=True)
class Closed:
    """A response has been read to its end."""

    slot: int


@dataclass(frozen=True)
class Response:
    """What the status line of a closed response said."""

    code: int
    reason: str
    url: str


@dataclass(frozen=True)
class Unexpected:
    """A whole file was promised and *length* bytes came: it will be tried again, or left so."""

    length: int


@dataclass(frozen=True)
class Added:
    """A redirection's address has joined the queue."""

    url: str


@dataclass(frozen=True)
class Complete:
    """All of the file is here already."""


@dataclass(frozen=True)
class Counted:
    """The totals have changed."""


Event = Requested | Saving | Begun | Short | Closed | Response | Unexpected | Added | Complete | Counted
