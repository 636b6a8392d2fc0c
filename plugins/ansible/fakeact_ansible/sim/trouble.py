"""What goes wrong in a run: a host that is lost, one that does not get well, modules that fail."""

import random
from collections import Counter
from collections.abc import Sequence

from fakeact_ansible.sim.hosts import Host
from fakeact_ansible.sim.playbook import Task

FAILURE_CHANCE = 0.09
"""Chance a task that the failure meets it, once it is due."""

LEAST_GROUP = 4
"""Hosts in a group that one may be lost from: of a serial batch some have to be left, or the run is over."""


class Trouble:
    """The bad luck of one run; all of it can be switched off."""

    def __init__(self, hosts: Sequence[Host], rng: random.Random, on: bool) -> None:
        self._rng = rng
        self._failures = rng.choice((0, 1, 1, 1, 2)) if on else 0
        self._ill = rng.choice(hosts) if on and rng.random() < 0.5 else None
        sizes = Counter(host.group for host in hosts)
        many = [host for host in hosts if sizes[host.group] >= LEAST_GROUP]
        self._lost = rng.choice(many) if on and many and rng.random() < 0.3 else None
        self._tasks = 0

    def unreachable(self, host: Host) -> bool:
        """Whether a host does not answer when the run comes to it first."""
        return host is self._lost

    def never_well(self, task: Task, host: Host) -> bool:
        """Whether a host's health check fails for good."""
        return host is self._ill and task.module == "uri"

    def victim(self, hosts: Sequence[Host]) -> Host | None:
        """The host that this task shall fail on, if its module can fail and is not skipped there."""
        self._tasks += 1
        if not self._failures or len(hosts) < 2 or self._tasks < 8 or self._rng.random() > FAILURE_CHANCE:
            return None
        return self._rng.choice(hosts)

    def struck(self) -> None:
        """A failure has happened."""
        self._failures -= 1
