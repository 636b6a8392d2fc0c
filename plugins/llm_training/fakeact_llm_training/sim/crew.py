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
        self._machines = list(range(scenario.nodes))
        self._spare = scenario.nodes

    @property
    def comm_id(self) -> int:
        """The communicator's 64-bit id."""
        return self._site.comm_id(self.attempt)

    def host(self, node: int) -> str:
        """The machine that is this node now."""
        return self._site.host(self._machines[node])

    def address(self, node: int) -> str:
        """The address of the machine that is this node now."""
        return self._site.address(self._machines[node])

    def host_of(self, rank: int) -> str:
        """The machine that a rank runs on now."""
        return self.host(rank // self._scenario.gpus_per_node)

    def pid(self, rank: int) -> int:
        """A rank's process id in this attempt."""
        return self._site.pid(rank, self.attempt)

    def ranks(self, node: int) -> range:
        """A node's ranks."""
        per_node = self._scenario.gpus_per_node
        return range(node * per_node, (node + 1) * per_node)

    def pids(self, node: int) -> tuple[int, ...]:
        """A node's workers."""
        return tuple(map(self.pid, self.ranks(node)))

    def agent_pid(self, node: int) -> int:
        """The launcher's process id on a node."""
        return self._site.agent_pid(node, self._launched)

    def renew(self, replaced: tuple[int, ...], *, requeued: bool) -> tuple[Replacement, ...]:
        """The next attempt begins, with spare machines instead of the `replaced` nodes."""
        changes = tuple(map(self._exchange, replaced))
        self.attempt += 1
        self.generation = 0 if requeued else self.generation + 1
        if requeued:
            self._launched = self.attempt
        return changes

    def _exchange(self, node: int) -> Replacement:
        """Slurm and torchrun's rendezvous number machines in the order of their names: the spare one comes last."""
        old = self.host(node)
        del self._machines[node]
        self._machines.append(self._spare)
        self._spare += 1
        return Replacement(node, old, len(self._machines) - 1, self.host(-1))
