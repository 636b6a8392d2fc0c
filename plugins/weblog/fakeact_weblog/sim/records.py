"""Who asks, what is asked, and what the server writes down about it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """Somebody at the other end of a connection.

    *bandwidth* is in bytes a second.
    """

    address: str
    agent: str
    protocol: str = "HTTP/1.1"
    bandwidth: float = 4e6


@dataclass(frozen=True)
class Request:
    """One request.

    *secure* is False on port 80. *held* says that the client has a copy and asks only for changes.
    *patience* are the seconds after which the client gives up if nothing has come. *garbage* are bytes
    that are no HTTP at all, logged instead of a request line.
    """

    client: Client
    target: str
    method: str = "GET"
    referrer: str = "-"
    secure: bool = True
    held: bool = False
    patience: float = math.inf
    garbage: str | None = None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def line(self) -> str:
        """The request line as it was sent."""
        return f"{self.method} {self.target} {self.client.protocol}" if self.garbage is None else self.garbage


@dataclass(frozen=True)
class Upstream:
    """What the application did, in seconds; None where it did not come to that."""

    connect: float | None
    header: float | None
    response: float


@dataclass(frozen=True)
class Entry:
    """A request that is over: when, how, and how long it took from its first byte to the last one sent.

    *complaint* is what the error log has to say, *connection* is the number that it gives for it.
    """

    at: float
    request: Request
    status: int
    sent: int
    duration: float
    connection: int
    upstream: Upstream | None = None
    complaint: str = ""
