"""What a module does to a host: whether it changes anything, and how long it takes."""

import random
from typing import Any

from fakeact_ansible.catalogue import read_json
from fakeact_ansible.sim.hosts import Host
from fakeact_ansible.sim.playbook import Task

Args = dict[str, Any]
HOST_DRIFT = 0.015
"""Chance that one host alone is not as it was left."""


class Modules:
    """The modules of one run; what has drifted from the repository is the same for all hosts."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._facts: dict[str, dict[str, Any]] = read_json("modules.json")
        self._coins: dict[object, bool] = {}

    def local(self, task: Task) -> bool:
        """True for what runs on the controller and never reaches the host."""
        return bool(self._facts[task.module]["kind"] == "local")

    def coin(self, key: object, chance: float = 0.5) -> bool:
        """A coin that falls the same way each time it is thrown for the same key."""
        if key not in self._coins:
            self._coins[key] = self._rng.random() < chance
        return self._coins[key]

    def changes(self, task: Task, args: Args, host: Host) -> bool:
        """Whether a module changes a host."""
        facts = self._facts[task.module]
        said = task.node.get("changed_when")
        if isinstance(said, str):
            return self.coin((task.node.place, said))
        if said is False or facts["kind"] in ("read", "local"):
            return False
        if facts["kind"] == "act":
            return host.fresh if "creates" in args else True
        return self._state_changes(task, args, host, facts["drift"])

    def _state_changes(self, task: Task, args: Args, host: Host, drift: float) -> bool:
        state = args.get("state")
        if state in ("restarted", "reloaded"):
            return True
        if state == "absent" and task.module != "file":
            return self.coin((task.file.path, task.node.place, str(args)), drift / 2)
        drifted = self.coin((task.file.path, task.node.place, str(args)), drift)
        return host.fresh or drifted or self._rng.random() < HOST_DRIFT

    def seconds(self, task: Task, host: Host, changed: bool) -> float:
        """How long a module takes on a host, in seconds."""
        facts = self._facts[task.module]
        base = facts["seconds"] + (facts["work"] * self._rng.uniform(0.5, 1.4) if changed else 0)
        if facts["kind"] == "local":
            return float(base)
        return float(base * host.slowness * self._rng.lognormvariate(0, 0.12))
