"""The machine that mines, drawn so that its parts fit together."""

import random
from dataclasses import dataclass, replace
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
class Card:
    """A graphics card: place on the bus, MHz idle and loaded, multiprocessors, MB, watts, degrees a watt, fans."""

    bus: str
    name: str
    clock: int
    memory_clock: int
    running: int
    memory_running: int
    smx: int
    arch: str
    free: int
    memory: int
    power: float
    resistance: float
    fans: int


@dataclass(frozen=True)
class Rig:
    """A machine as XMRig sees it. Rates are hashes a second, `affinity` one processor a thread, -1 for any.

    With `cards` each of these is a thread, and the processor has none; `driver` is the versions of CUDA's runtime,
    of the CUDA that the driver supports, and of NVML.
    """

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
    cards: tuple[Card, ...] = ()
    driver: tuple[str, str, str] = ("", "", "")

    @property
    def profile(self) -> str:
        """The profile XMRig uses: its own for the algorithm, or the one for a number of threads that was given."""
        if self.cards:
            return "kawpow"
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


def with_cards(rng: random.Random, count: int, *, privileged: bool = True) -> Rig:
    """A machine with graphics cards: all alike, or of two kinds."""
    kinds = rng.sample(rigs()["cards"], 2 if count > 2 and rng.random() < 0.4 else 1)
    chosen = sorted((rng.choice(kinds) for _ in range(count)), key=kinds.index)
    cards = tuple(_card(kind, bus, rng) for kind, bus in zip(chosen, _buses(count, rng), strict=True))
    rates = tuple(kind["hashrate"] * 1e6 * rng.gauss(1.0, 0.011) for kind in chosen)
    driver = tuple(rng.choice(rigs()["drivers"]))
    host = drawn(rng, privileged=privileged)
    return replace(host, threads=count, affinity=(-1,) * count, rates=rates, cards=cards, driver=driver)


def _card(kind: dict[str, Any], bus: str, rng: random.Random) -> Card:
    facts = {name: value for name, value in kind.items() if name != "hashrate"}
    # A cooler is made for its card: at its watts, with fans at some 60 %, it is about 38 degrees above the air.
    resistance = 38.0 / kind["power"] * 0.95 * rng.gauss(1.0, 0.04)
    power = kind["power"] * rng.gauss(1.0, 0.02)
    return Card(
        **(facts | {"bus": bus, "power": power, "resistance": resistance, "free": kind["memory"] - _taken(rng)})
    )


def _taken(rng: random.Random) -> int:
    """MB of a card's memory that the driver has taken already."""
    return rng.choice([59, 67, 83, 91, 102, 118])


def _buses(count: int, rng: random.Random) -> list[str]:
    """Places on the bus in order; bridges leave gaps, and one card alone is in the first slot."""
    numbers = [1]
    while len(numbers) < count:
        numbers.append(numbers[-1] + rng.choice([1, 1, 1, 2, 3]))
    return [f"{number:02x}:00.0" for number in numbers]


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
