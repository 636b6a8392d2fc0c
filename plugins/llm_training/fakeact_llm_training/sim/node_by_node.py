"""What follows from a fault where no launcher hears of another: each node comes to an end of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.events import Event
from fakeact_llm_training.sim.fault_events import DumpSignal, Fault, NodeLost, RankFailed, Teardown, WatchdogTimeout
from fakeact_llm_training.sim.launchers import NodeLauncher
from fakeact_llm_training.sim.scenario import Scenario

if TYPE_CHECKING:
    from fakeact_llm_training.sim.aftermath import Teller

MOST_WATCHDOGS, MOST_ABORTS = 64, 16
# Between a time-out and the abort the watchdog waits for the flight recorder's dump (a public record of torch 2.9).
DUMP_SECONDS = 60.0
# Seconds between the aborts of a node's ranks, and until ssh gives a host up that no longer answers (three times
# ServerAliveInterval, as clusters set it).
ABORTS_WITHIN, UNTIL_SSH_GIVES_UP = 1.4, (45.0, 90.0)


class NodeByNode:
    """The ends of all nodes."""

    def __init__(
        self, teller: "Teller", fault: Fault, scenario: Scenario, crew: Crew, generator: np.random.Generator
    ) -> None:
        self._teller, self._fault, self._scenario, self._crew = teller, fault, scenario, crew
        self._generator, self._node = generator, fault.rank // scenario.gpus_per_node

    def _launcher(self, node: int) -> NodeLauncher:
        return NodeLauncher(node, self._crew, self._generator)

    def events(self, steps_done: int) -> list[Event]:
        """Nodes without a failure of their own wait until their watchdogs have had enough."""
        fault, scenario = self._fault, self._scenario
        if fault.kind == "preemption":
            return [event for node in range(scenario.nodes) for event in self._told(node)]
        own, per_node = self._own_ends(), scenario.gpus_per_node
        gone = {self._node} if fault.kind == "node" else set()
        silent = [node for node in range(scenario.nodes) if node not in gone | {end.rank // per_node for end in own}]
        spoken: list[WatchdogTimeout] = []
        if silent:
            spoken = self._teller.timeouts(steps_done, [rank for node in silent for rank in self._watching(node)])
        aborts = self._aborts_of(spoken)
        first = min([*own, *aborts], key=lambda end: end.at)
        ends = [replace(end, first=end is first) for end in [*own, *aborts]]
        events: list[Event] = [*self._heard(spoken, silent), *self._lost_by_ssh()]
        for node in sorted({end.rank // per_node for end in ends}):
            events += self._launcher(node).fails([e for e in ends if e.rank // per_node == node])
        return events

    def _own_ends(self) -> list[RankFailed]:
        """Who fails of the fault itself, without waiting for a watchdog."""
        fault, scenario = self._fault, self._scenario
        if fault.hangs:
            return []
        if fault.kind == "node":
            rank = self._teller.lost().stop % scenario.world_size
            return [self._teller.failed(fault.at + self._teller.within(2.0, 6.0), rank, 1, "nccl", first=True)]
        end = self._teller.end()
        return [end, self._teller.peer_s_end(end.at)] if fault.kind == "network" else [end]

    def _watching(self, node: int) -> list[int]:
        """A node's ranks whose watchdogs are heard."""
        ranks = [rank for rank in self._crew.ranks(node) if rank != self._fault.rank]
        most = max(1, MOST_WATCHDOGS // self._scenario.nodes)
        return sorted(ranks[int(i)] for i in self._generator.permutation(len(ranks))[:most])

    def _aborts_of(self, spoken: Sequence[WatchdogTimeout]) -> list[RankFailed]:
        """Their aborts a minute later, unless their launchers end them before."""
        counts: dict[str, int] = {}
        aborts = []
        for event in spoken:
            counts[event.host] = counts.get(event.host, 0) + 1
            if counts[event.host] <= max(1, MOST_ABORTS // self._scenario.nodes):
                when = event.at + DUMP_SECONDS + self._teller.within(0.0, ABORTS_WITHIN)
                aborts.append(self._teller.failed(when, event.rank, -6, "watchdog", first=False))
        return aborts

    def _heard(self, spoken: list[WatchdogTimeout], silent: list[int]) -> list[Event]:
        """Time-outs with their signals to dump, which go through the store in rank 0: with that none is heard."""
        if 0 not in silent:
            return list(spoken)
        alive = {self._crew.pid(rank) for node in silent for rank in self._crew.ranks(node)}
        told = self._teller.signalled(spoken)
        return [event for event in told if isinstance(event, WatchdogTimeout | DumpSignal) and event.pid in alive]

    def _lost_by_ssh(self) -> Iterator[NodeLost]:
        if self._fault.kind == "node":
            at = self._fault.at + self._teller.within(*UNTIL_SSH_GIVES_UP)
            yield NodeLost(at, self._fault.host, self._node, self._teller.lost())

    def _told(self, node: int) -> Iterator[Event]:
        """The scheduler signals what it has started itself: a single node's launcher, or pdsh, which tells the others.

        What these say then, nobody hears.
        """
        at, launcher = self._fault.at + self._teller.within(0.02, 0.4), self._launcher(node)
        told = launcher.told(at)
        return told if self._scenario.nodes == 1 else (event for event in told if isinstance(event, Teardown))
