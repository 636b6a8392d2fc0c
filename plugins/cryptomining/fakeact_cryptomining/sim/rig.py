"""The machine that mines, drawn so that its parts fit together."""

import random
from dataclasses import dataclass
from typing import Any

from fakeact_cryptomining.catalogue import rigs

ALONE = 0.77
"""What a core's first thread does alone, as a share of what both of its threads do together."""
SMALL_PAGES = 0.58
"""What is left of the speed with neither huge pages nor the MSR mod."""


@dataclass(frozen=True)
class Slot:
    """A memory slot: its name, GB of the module in it (0: empty), kind, MT/s, part number."""

    name: str
    size: int
    kind: str
    speed: int
    product: str


@dataclass(frozen=True)
class Rig:
    """A machine as XMRig sees it. Rates are hashes a second, `affinity` one processor a thread, -1 for any."""

    cpu: dict[str, Any]
    board: str
    slots: tuple[Slot, ...]
    memory_used: float
    memory_total: float
    privileged: bool
    gigabyte_pages: bool
    threads: int
    affinity: tuple[int, ...]
    rates: tuple[float, ...]

    @property
    def profile(self) -> str:
        """The profile XMRig uses: its own for RandomX, or the one for a number of threads that was given."""
        return "*" if self.affinity[0] < 0 else "rx"


def drawn(rng: random.Random, threads: int = 0, *, privileged: bool = True) -> Rig:
    """A machine; with *threads* another number than XMRig would choose, at most what the processor has."""
    cpus = [cpu for cpu in rigs()["cpus"] if cpu["threads"] >= threads] or [_largest()]
    cpu = rng.choice(cpus)
    count = min(threads, cpu["threads"]) or cpu["mining"]
    slots = _slots(cpu["socket"], rng)
    installed = sum(slot.size for slot in slots)
    total = installed * rng.uniform(0.972, 0.981)
    return Rig(
        cpu=cpu,
        board=rng.choice(rigs()["sockets"][cpu["socket"]]["boards"]),
        slots=slots,
        memory_used=rng.uniform(0.9, 3.8),
        memory_total=total,
        privileged=privileged,
        gigabyte_pages=privileged and rng.random() < 0.4,
        threads=count,
        affinity=(-1,) * count if threads else _affinity(cpu, count),
        rates=rates_of(cpu, count, rng, privileged=privileged),
    )


def _largest() -> dict[str, Any]:
    cpu: dict[str, Any] = max(rigs()["cpus"], key=lambda one: one["threads"])
    return cpu


def _slots(socket: str, rng: random.Random) -> tuple[Slot, ...]:
    """All slots; desktop boards have every other one empty at times."""
    known = rigs()["sockets"][socket]
    size, speed, product = rng.choice(known["modules"])
    full = rng.random() < 0.35 and known["memory"] == "DDR4"
    return tuple(
        Slot(name, size if full or preferred else 0, known["memory"], speed, product)
        for name, preferred in known["slots"]
    )


def _affinity(cpu: dict[str, Any], count: int) -> tuple[int, ...]:
    """Which processor each thread is bound to: both of a core's, as Linux numbers them, where the cache suffices.

    >>> _affinity({"cores": 4}, 8), _affinity({"cores": 4}, 3)
    ((0, 4, 1, 5, 2, 6, 3, 7), (0, 1, 2))
    """
    cores = cpu["cores"]
    if count <= cores:
        return tuple(range(count))
    return tuple(number // 2 + cores * (number % 2) for number in range(count))


def rates_of(cpu: dict[str, Any], count: int, rng: random.Random, *, privileged: bool) -> tuple[float, ...]:
    """Each thread's own speed: the core's silicon, and what it shares with a sibling, stay for the whole run."""
    cores, slowdown = cpu["cores"], 1.0 if privileged else SMALL_PAGES
    smt = cpu["mining"] > cores
    # The published rate is that of all threads XMRig would start.
    core = cpu["hashrate"] / (cores if smt else cpu["mining"] * ALONE)
    silicon = [core * slowdown * rng.gauss(1.0, 0.011) for _ in range(cores)]
    paired = max(0, count - cores)
    rates: list[float] = []
    for number in range(min(count, cores)):
        if number < paired:
            first = rng.uniform(0.500, 0.508)
            rates += [silicon[number] * first, silicon[number] * (1 - first)]
        else:
            rates.append(silicon[number] * ALONE)
    return tuple(rates)
