"""A file on its way: what is asked for, what comes, and when it stops coming."""

import math
from dataclasses import dataclass

from fakeact_download.catalogue import Target
from fakeact_download.servers import Fault
from fakeact_download.tcp import Flow

TIMEOUT = 10.0  # -T 10


@dataclass
class Job:
    """A file still to be fetched from *host*, not before *ready*."""

    target: Target
    host: str
    failures: int = 0
    ready: float = 0.0

    @property
    def url(self) -> str:
        """What is asked for."""
        return f"https://{self.host}/{self.target.path}"


@dataclass
class Transfer:
    """A file's body on its way: *got* bytes of *size*, after the *have* that were here before."""

    flow: Flow
    size: int
    have: int
    fault: Fault | None
    got: float = 0.0
    silent: float = 0.0
    """Nothing comes before this time."""
    cut: float = math.inf
    """The time at which it is given up."""

    def take(self, amount: float, now: float) -> None:
        """Receive bytes, until something goes wrong."""
        self.got = min(self.got + amount, float(self.size))
        fault = self.fault
        if fault is None or self.got < fault.part * self.size:
            return
        self.got, self.fault = min(self.got, float(int(fault.part * self.size))), None
        self.silent = now + fault.seconds if fault.kind == "pause" else math.inf
        self.cut = {"stall": now + TIMEOUT, "drop": now}.get(fault.kind, math.inf)
        self.flow.restart()
