"""What follows from a fault until all processes are gone, in causal order, each thing at its own time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fakeact_llm_training.sim.collectives import draw_collective
from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.events import Event
from fakeact_llm_training.sim.fault_events import (
    Cancelled,
    DumpSignal,
    Fault,
    LauncherLeft,
    NodeLost,
    RankFailed,
    Teardown,
    WatchdogTimeout,
    XidLogged,
)
from fakeact_llm_training.sim.kinds import DRAINED, Failure, FaultKind
from fakeact_llm_training.sim.launchers import NodeLauncher
from fakeact_llm_training.sim.node_by_node import DUMP_SECONDS, NodeByNode
from fakeact_llm_training.sim.process_groups import shard_group
from fakeact_llm_training.sim.scenario import Scenario

MOST_WATCHDOGS, MOST_ABORTS, MOST_TEARDOWNS = 64, 8, 16
# Seconds from the last launcher's word until a health check has drained the node and Slurm queues the job again.
UNTIL_REQUEUED = (4.0, 11.0)
# A monitor thread looks for the signal once a second (coordCheckIntervalMilSec_).
LOOKS_EVERY = 1.0
# Seconds until the first process that has aborted is gone: it gives back a GPU full of memory (6 s in a public log of
# torch 2.12, when all others were on their way out as well).
DYING = (0.6, 6.0)
# The kernel's lines of each kind after the first: seconds later, number. 154 says what the GPU needs now.
CHAINS: dict[FaultKind, tuple[tuple[float, int], ...]] = {
    "ecc_hbm": ((0.002, 63), (0.004, 94), (0.9, 154)),
    "ecc_sram": ((0.003, 45),),
    "off_bus": ((0.8, 154),),
    "nvlink": ((0.02, 45),),
    "gsp": ((6.0, 119), (12.0, 119)),
}
# How a rank ends that has met such a fault, and within which seconds.
ENDS: dict[FaultKind, tuple[Failure, int, float, float]] = {
    "ecc_hbm": ("ecc", -6, 0.3, 1.5),
    "ecc_sram": ("ecc", -6, 0.3, 1.5),
    "off_bus": ("launch", -6, 0.8, 3.0),
    "nvlink": ("launch", -6, 0.5, 2.0),
    "network": ("nccl", 1, 6.0, 18.0),
    "oom": ("sigkill", -9, 0.01, 0.05),
    "software": ("stale_file", 1, 0.05, 0.6),
}
UNSEEN: frozenset[FaultKind] = frozenset(("off_bus",))


class Aftermath(NamedTuple):
    """Events in order of time, which machines are replaced, whether the job is queued again, seconds until it runs."""

    events: tuple[Event, ...]
    replaced: tuple[int, ...]
    requeued: bool
    down: float
    lost: range

    @property
    def ends(self) -> float:
        """When the last process is gone."""
        return self.events[-1].at


def draw_aftermath(
    fault: Fault, scenario: Scenario, crew: Crew, steps_done: int, generator: np.random.Generator
) -> Aftermath:
    """Everything from the fault to the last process' end; `steps_done` in this attempt number the collectives."""
    teller = Teller(fault, scenario, crew, generator)
    events = [fault, *teller.xids()]
    events += teller.collapse(steps_done)
    node = fault.rank // scenario.gpus_per_node
    drained = fault.kind in DRAINED
    if drained and fault.kind != "node" and crew.attempt < scenario.max_restarts:
        events.append(teller.cancelled(max(event.at for event in events)))
    replaced = (node,) if drained and scenario.nodes > 1 else ()
    requeued = drained or fault.kind == "preemption"
    down = float(generator.uniform(14, 32) if requeued else generator.uniform(1.2, 4.0))
    return Aftermath(tuple(sorted(events, key=_when)), replaced, requeued, down, teller.lost())


def _when(event: Event) -> float:
    return event.at


def _first_with_zero(ranks: list[int], most: int) -> list[int]:
    """So many of these ranks, rank 0 among them if it is one of all: what it says is what most people look at."""
    chosen = ranks[:most]
    return [*chosen[:-1], 0] if 0 in ranks and 0 not in chosen else chosen


def _counters(event: WatchdogTimeout, *, of_all: bool, waits: bool) -> tuple[int, int]:
    """What the group of all ranks has enqueued and completed: nothing but a barrier if another group hangs."""
    if not of_all:
        return 1, 1
    return (event.last_enqueued if waits else event.last_completed), event.last_completed


class Teller:
    """The parts of an aftermath."""

    def __init__(self, fault: Fault, scenario: Scenario, crew: Crew, generator: np.random.Generator) -> None:
        self._fault, self._scenario, self._crew, self._generator = fault, scenario, crew, generator
        self._node = fault.rank // scenario.gpus_per_node
        self._group = shard_group(scenario, fault.rank)

    def within(self, low: float, high: float) -> float:
        """A moment or a length between two."""
        return float(self._generator.uniform(low, high))

    def lost(self) -> range:
        """Ranks whose GPUs no longer answer."""
        per_node = self._scenario.gpus_per_node
        if self._fault.kind == "node":
            return range(self._node * per_node, (self._node + 1) * per_node)
        return range(self._fault.rank, self._fault.rank + (self._fault.kind in UNSEEN))

    def xids(self) -> Iterator[XidLogged]:
        """The kernel's lines; the driver notices a dead GSP when its first call has timed out."""
        fault = self._fault
        if fault.xid is None:
            return
        chain = CHAINS[fault.kind]
        later = chain if fault.kind == "gsp" else ((0.0, fault.xid), *chain)
        for seconds, xid in later:
            registers = tuple(int(word) for word in self._generator.integers(0, 2**20, 4))
            named = fault.pid if xid not in {63, 79, 154} else None
            yield XidLogged(
                fault.at + seconds, fault.host, fault.rank, fault.local_rank, fault.bus_id, named, xid,
                fault.link if xid == fault.xid else None, registers,
            )  # fmt: skip

    def collapse(self, steps_done: int) -> list[Event]:
        """How all processes come to their ends."""
        fault = self._fault
        if self._scenario.by_ssh:
            return NodeByNode(self, fault, self._scenario, self._crew, self._generator).events(steps_done)
        if fault.kind == "preemption":
            return self._preempted()
        if fault.kind == "node":
            return self._node_lost()
        failures: list[Event] = []
        if fault.hangs:
            late = self.timeouts(steps_done, self._waiting(MOST_WATCHDOGS))
            failures += self.signalled(late)
            failures += self._aborts(max(map(_when, late)) + DUMP_SECONDS, [event.rank for event in late])
        else:
            failures.append(self.end())
            if fault.kind == "network":
                failures.append(self.peer_s_end(failures[0].at))
        ended = sorted((event for event in failures if isinstance(event, RankFailed)), key=_when)
        at = ended[-1].at + self.within(*DYING) if fault.hangs else ended[0].at
        return [*failures, *self._teardowns(at, ended[0].rank // self._scenario.gpus_per_node)]

    def cancelled(self, after: float) -> Cancelled:
        """The job goes back to the queue, some time after its launchers have said what they know."""
        nodes = range(min(self._scenario.nodes, MOST_TEARDOWNS))
        return Cancelled(after + self.within(*UNTIL_REQUEUED), "JOB REQUEUE", tuple(nodes))

    def failed(self, at: float, rank: int, exitcode: int, error: Failure, *, first: bool) -> RankFailed:
        """A process that ends."""
        local, crew = rank % self._scenario.gpus_per_node, self._crew
        return RankFailed(at, rank, local, crew.host_of(rank), crew.pid(rank), exitcode, error, first)

    def end(self) -> RankFailed:
        """The process that has met the fault."""
        fault = self._fault
        error, exitcode, low, high = ENDS[fault.kind]
        if fault.worker_pid is not None:
            error = "loader_worker"
        if exitcode == -6 and self._scenario.world_size == 1:
            # Nobody watches over collectives: the exception alone ends the process.
            exitcode = 1
        return self.failed(fault.at + self.within(low, high), fault.rank, exitcode, error, first=True)

    def peer_s_end(self, at: float) -> RankFailed:
        """Its neighbour on another node, which loses the connection."""
        rank = (self._fault.rank + self._scenario.gpus_per_node) % self._scenario.world_size
        return self.failed(at + self.within(0.02, 0.06), rank, 1, "nccl", first=False)

    def _waiting(self, most: int) -> list[int]:
        """Ranks of its group that wait for the one that is stuck, no more than `most` of them."""
        others = [rank for rank in self._group.ranks if rank != self._fault.rank]
        chosen = [others[int(i)] for i in self._generator.permutation(len(others))]
        return sorted(_first_with_zero(chosen, most))

    def timeouts(self, steps_done: int, waiting: Sequence[int]) -> list[WatchdogTimeout]:
        """Ranks that give up their collective."""
        fault, scenario, crew = self._fault, self._scenario, self._crew
        what = draw_collective(scenario, self._generator)
        seq = steps_done * what.per_step + int(self._generator.integers(1, what.per_step + 1))
        limit = 1000 * scenario.collective_timeout
        ahead = int(self._generator.integers(0, 3))
        found: list[WatchdogTimeout] = []
        for rank in waiting:
            group = shard_group(scenario, rank)
            ran = limit + int(self._generator.integers(3, 100))
            entered = fault.at + self.within(0.0, 0.25)
            found.append(
                WatchdogTimeout(
                    entered + ran / 1000, rank, rank % scenario.gpus_per_node, crew.host_of(rank), crew.pid(rank), seq,
                    what.op, what.numel_in, what.numel_out, limit, ran, seq + ahead, seq - 1,
                    group.number, group.guid, group.name, group.place(rank),
                )
            )  # fmt: skip
        return found

    def signalled(self, late: list[WatchdogTimeout]) -> list[Event]:
        """Who signals that flight recorders are to be written, and when each rank's monitor thread sees that."""
        first, told = min(late, key=_when), list[Event]()
        speakers = {event.rank: event for event in late}
        for rank in sorted({*speakers, self._fault.rank, 0}):
            own, looks = speakers.get(rank), first.at + self.within(0.01, LOOKS_EVERY)
            hears = own is None or looks < own.at
            if own is not None and not hears:
                looks = max(looks, own.at + self.within(0.002, 0.2))
            source = first.rank if hears else None
            if own is not None:
                told.append(replace(own, signals=not hears))
            enqueued, completed = _counters(own or first, of_all=first.group == 0, waits=own is not None)
            told.append(DumpSignal(looks, rank, self._crew.pid(rank), source, enqueued, completed))
        return told

    def _aborts(self, at: float, spoken: list[int]) -> list[Event]:
        """Ranks whose watchdog has spoken take themselves down, until a launcher ends the others."""
        ranks = _first_with_zero([spoken[int(i)] for i in self._generator.permutation(len(spoken))], MOST_ABORTS)
        times = sorted(at + self.within(0.0, 0.3) for _ in ranks)
        order = self._generator.permutation(len(ranks))
        return [
            self.failed(when, ranks[int(i)], -6, "watchdog", first=place == 0)
            for place, (when, i) in enumerate(zip(times, order, strict=True))
        ]

    def _teardowns(self, at: float, first: int, signal: int = 15) -> list[Event]:
        """The failing node's launcher within a tenth of a second, the others' as the news reaches them."""
        nodes = [first, *(node for node in range(self._scenario.nodes) if node != first)][:MOST_TEARDOWNS]
        torn = [
            self._teardown(at + (self.within(0.05, 0.12) if node == first else self.within(0.4, 3.0)), node, signal)
            for node in nodes
        ]
        if self._crew.attempt < self._scenario.max_restarts:
            return list(torn)
        # No restart is left: srun tells the others to end, and they leave.
        return [*torn, *(self._waits(event)[1] for event in torn[1:])]

    def _waits(self, told: Teardown) -> tuple[list[float], LauncherLeft]:
        return NodeLauncher(told.node, self._crew, self._generator).waits(told)

    def _teardown(self, at: float, node: int, signal: int) -> Teardown:
        crew = self._crew
        ended = tuple(pid for pid in crew.pids(node) if pid != self._fault.pid or self._fault.hangs)
        return Teardown(at, crew.host(node), node, crew.agent_pid(node), ended, signal)

    def _preempted(self) -> list[Event]:
        """The scheduler signals all launchers at once; each leaves when its own workers are gone."""
        crew, at = self._crew, self._fault.at
        nodes = range(min(self._scenario.nodes, MOST_TEARDOWNS))
        signals = [
            Teardown(at + self.within(0.02, 0.4), crew.host(node), node, crew.agent_pid(node), crew.pids(node), 15)
            for node in nodes
        ]
        ranks = range(self._scenario.gpus_per_node)
        left = list(map(self._waits, signals))
        ends = [
            self.failed(gone, rank, -15, "sigterm", first=False) for rank, gone in zip(ranks, left[0][0], strict=True)
        ]
        return [*signals, *ends, *(launcher for _, launcher in left)]

    def _node_lost(self) -> list[Event]:
        """Its neighbours' connections break; the scheduler notices later."""
        per_node, world, at = self._scenario.gpus_per_node, self._scenario.world_size, self._fault.at
        others = [(self.lost().stop + i) % world for i in range(min(4, world - per_node))]
        times = sorted(at + self.within(2.0, 6.0) for _ in others)
        failures: list[Event] = [
            self.failed(when, rank, 1, "nccl", first=place == 0)
            for place, (when, rank) in enumerate(zip(times, others, strict=True))
        ]
        torn = self._teardowns(times[0], others[0] // per_node)
        alive = [event for event in torn if isinstance(event, Teardown | LauncherLeft) and event.node != self._node]
        seen = NodeLost(times[-1] + self.within(1.0, 9.0), self._fault.host, self._node, self.lost())
        return [*failures, *alive, seen]
