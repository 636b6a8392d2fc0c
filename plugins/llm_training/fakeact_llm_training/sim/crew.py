"""Who runs where at the moment: processes change with every restart, machines when one is replaced."""

from fakeact_llm_training.sim.fault_events import Replacement
from fakeact_llm_training.sim.scenario import Scenario


class Crew:
    """The processes and machines of the running attempt."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self._site = scenario, scenario.site
        self.attempt = 0
        self.generation = 0
        self._launched = 0
        self._moved: dict[int, int] = {}

    @property
    def comm_id(self) -> int:
        """The communicator's 64-bit id."""
        return self._site.comm_id(self.attempt)

    def host(self, node: int) -> str:
        """The machine that is this node now."""
        return self._site.host(self._moved.get(node, node))

    def address(self, node: int) -> str:
        """The address of the machine that is this node now."""
        return self._site.address(self._moved.get(node, node))

    def host_of(self, rank: int) -> str:
        """The machine that a rank runs on now."""
        return self.host(rank // self._scenario.gpus_per_node)

    def pid(self, rank: int) -> int:
        """A rank's process id in this attempt."""
        return self._site.pid(rank, self.attempt)

    def pids(self, node: int) -> tuple[int, ...]:
        """A node's workers."""
        per_node = self._scenario.gpus_per_node
        return tuple(self.pid(rank) for rank in range(node * per_node, (node + 1) * per_node))

    def agent_pid(self, node: int) -> int:
        """The launcher's process id on a node."""
        return self._site.agent_pid(node, self._launched)

    def renew(self, replaced: tuple[int, ...], *, requeued: bool) -> tuple[Replacement, ...]:
        """The next attempt begins, with spare machines in the places of `replaced` nodes."""
        changes = []
        for node in replaced:
            old = self.host(node)
            self._moved[node] = self._site.nodes + len(self._moved) + self.attempt
            changes.append(Replacement(node, old, self.host(node)))
        self.attempt += 1
        self.generation = 0 if requeued else self.generation + 1
        if requeued:
            self._launched = self.attempt
        return tuple(changes)
