"""What answers: how far each server is, how fast, and what goes wrong there."""

import random
from dataclasses import dataclass, field
from typing import Literal

from fakeact_download.catalogue import Target

Trouble = Literal["none", "some", "much"]


@dataclass(frozen=True)
class Fault:
    """What happens to one attempt once *part* of the file has come.

    A `pause` is over by itself after *seconds*; a `stall` never, a `drop` is a closed connection. `busy` is
    a status 503 in the place of the file.
    """

    kind: Literal["busy", "drop", "pause", "stall"]
    part: float = 0.0
    seconds: float = 0.0


@dataclass
class Server:
    """A host: round trip in seconds, the bytes a second it gives one connection; *known* once looked up."""

    rtt: float
    limit: float
    known: bool = False


@dataclass
class World:
    """All that is not the program: servers by name, the link in bytes a second, faults to come by file name."""

    servers: dict[str, Server]
    capacity: float
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def fault(self, name: str) -> Fault | None:
        """What goes wrong with this file's next attempt, if anything: each happens once."""
        waiting = self.faults.get(name)
        return waiting.pop(0) if waiting else None


def world(rng: random.Random, targets: list[Target], capacity: float, connections: int, trouble: Trouble) -> World:
    """Servers of which some fill the link and some don't, and the trouble that lies ahead."""
    fair = capacity / min(connections, len(targets))
    servers = {}
    for host in dict.fromkeys(host for target in targets for host in (target.host, target.mirror) if host):
        largest = max(target.size for target in targets if host in (target.host, target.mirror))
        # Nobody keeps a list with one file on it that takes longer than all the others together.
        limit = max(fair * rng.lognormvariate(0.3, 0.55), capacity * largest / sum(target.size for target in targets))
        servers[host] = Server(rng.lognormvariate(-3.2, 0.6), limit)
    return World(servers, capacity, _faults(rng, targets[1:], trouble))


def _faults(rng: random.Random, files: list[Target], trouble: Trouble) -> dict[str, list[Fault]]:
    """Each kind of trouble has a file of its own, while there are files; not the longest ones."""
    plans = [
        [_cut(rng, "stall", 0.03, 0.2), _cut(rng, rng.choice(("drop", "stall")), 0.4, 0.8)],
        [Fault("pause", rng.uniform(0.1, 0.7), rng.uniform(3.0, 8.0))],
    ]
    more = [
        [Fault("busy")],
        [_cut(rng, "drop", 0.05, 0.3)],
        [Fault("pause", rng.uniform(0.1, 0.7), rng.uniform(3.0, 8.0))],
        [_cut(rng, "drop", 0.03, 0.2), _cut(rng, "drop", 0.2, 0.7), _cut(rng, "drop", 0.3, 0.6)],
    ]
    chosen = {"none": [], "some": [*plans, *rng.sample(more[:2], 1)], "much": [*plans, *more]}[trouble]
    by_size = [target.name for target in sorted(files, key=lambda target: target.size)]
    shorter = by_size[: max(len(chosen), len(files) * 2 // 3)]
    return dict(zip(rng.sample(shorter, len(shorter)), chosen, strict=False))


def _cut(rng: random.Random, kind: Literal["drop", "stall"], low: float, high: float) -> Fault:
    return Fault(kind, rng.uniform(low, high))
