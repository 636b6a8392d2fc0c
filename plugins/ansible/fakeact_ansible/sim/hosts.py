"""The machines of an inventory, and what they are like."""

import random
from dataclasses import dataclass, field
from typing import Any

from fakeact_ansible.catalogue import read_json

PYTHONS = {"Debian": ("/usr/bin/python3.13", "/usr/bin/python3.12"), "RedHat": ("/usr/bin/python3.12",)}
"""Debian 13 and Ubuntu 24.04; RHEL 10 and its rebuilds."""


@dataclass(eq=False)
class Host:
    """One machine."""

    name: str
    group: str
    family: str
    """``Debian`` or ``RedHat``, as the fact ``os_family``."""
    python: str
    fresh: bool
    """True for a new machine, where nothing is as it should be yet."""
    slowness: float
    """Factor on the time that modules take."""
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: bool = False
    """Whether its Python has been found."""


def inventory(site: str, count: int, rng: random.Random) -> list[Host]:
    """So many hosts of a site, group by group, each group with at least one."""
    facts = read_json("sites.json")[site]
    sizes = _sizes(facts["groups"], count)
    fresh = _fresh(sum(sizes.values()), rng)
    family = rng.choice(facts["families"])
    python = rng.choice(PYTHONS[family])
    domain = rng.choice(facts["domains"])
    hosts: list[Host] = []
    for group, size in sizes.items():
        for number in range(1, size + 1):
            name = facts["pattern"].format(group=group, number=number, domain=domain)
            hosts.append(Host(name, group, family, python, len(hosts) in fresh, rng.lognormvariate(0, 0.18)))
    return hosts


def _sizes(weights: dict[str, int], count: int) -> dict[str, int]:
    """Hosts by group: one each, then always one more where it is most missing."""
    sizes = dict.fromkeys(weights, 1)
    while sum(sizes.values()) < count:
        sizes[min(sizes, key=lambda group: sizes[group] / weights[group])] += 1
    return sizes


def _fresh(count: int, rng: random.Random) -> set[int]:
    """Which hosts are new: mostly none, now and then the last of the groups, or all."""
    kind = rng.random()
    if kind < 0.15:
        return set(range(count))
    return set(rng.sample(range(count), min(count, rng.randint(1, 2)))) if kind < 0.6 else set()
