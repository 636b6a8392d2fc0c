"""How a node's launcher ends its workers: all at once as torchrun's, or one after the other as DeepSpeed's."""

from collections.abc import Iterator, Sequence

import numpy as np

from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.events import Event
from fakeact_llm_training.sim.fault_events import LauncherLeft, RankFailed, Teardown, WorkerEnded

# DeepSpeed's launch.py looks at its workers once a second.
BETWEEN_LOOKS = 1.0
# Seconds until a process with a GPU is gone: its context is taken down, tens of GB are unmapped. Public logs have
# pauses of tenths of a second to seconds between two kills; a node's are alike.
GONE, GONE_SPREAD = (0.25, 1.3), 0.35
# psutil reads the parents of all processes before it ends one (a node of training has a thousand or two: launch.py's
# lines are 30 ms apart in public logs where workers are dead already), but not for one that was seen to be dead.
SCAN, SCAN_SPREAD, SEEN = (0.016, 0.045), 0.12, 0.0004

# Until a launcher that waits for all its workers is through with the last one.
REAPED = 0.03


class NodeLauncher:
    """How one node's launcher comes to its end."""

    def __init__(self, node: int, crew: Crew, generator: np.random.Generator) -> None:
        self._node, self._crew, self._generator = node, crew, generator
        self._gone = float(generator.uniform(*GONE))
        self._scan = float(generator.uniform(*SCAN))

    def fails(self, failures: Sequence[RankFailed]) -> Iterator[Event]:
        """It sees a worker that has failed, and ends all of them; whoever is ended first does not fail."""
        gone = {failed.rank: failed.at + self._dying() for failed in failures}
        looks = min(gone.values()) + BETWEEN_LOOKS * float(self._generator.random())
        dead = [rank for rank, at in gone.items() if at <= looks]
        seen = dead[int(self._generator.integers(len(dead)))]
        turns, over = self._turns(looks, gone, seen, {failed.rank: failed.at for failed in failures})
        failed = [event for event in failures if event.at <= turns[event.rank]]
        yield from failed
        exitcode = next(event.exitcode for event in failed if event.rank == seen)
        yield from self._ends(looks, turns, failed)
        yield LauncherLeft(over, self._crew.host(self._node), self._node, seen, exitcode)

    def told(self, at: float) -> Iterator[Event]:
        """It is told to end, and so are its workers: it waits for the first, the others are dying meanwhile."""
        ranks = self._crew.ranks(self._node)
        turns, over = self._turns(at, {rank: at + self._dying() for rank in ranks}, None, dict.fromkeys(ranks, at))
        yield from self._ends(at, turns, ())
        yield LauncherLeft(over, self._crew.host(self._node), self._node, None, 1)

    def waits(self, told: Teardown) -> tuple[list[float], LauncherLeft]:
        """One that tells all its workers at once, as torchrun: when each is gone; it leaves when the last one is."""
        gone = [told.at + self._dying() for _ in told.pids]
        return gone, LauncherLeft(max(gone) + REAPED, told.host, told.node, None, 1)

    def _turns(
        self, at: float, gone: dict[int, float], seen: int | None, fails: dict[int, float]
    ) -> tuple[dict[int, float], float]:
        """When it comes to each worker, and when the last one is gone; who `fails` before that is dying anyway."""
        turns = {}
        for rank in self._crew.ranks(self._node):
            turns[rank] = at
            if rank == seen:
                at += SEEN
                continue
            ended = at + self._scan * (1 + SCAN_SPREAD * float(self._generator.uniform(-1, 1)))
            at = max(ended, gone[rank]) if fails.get(rank, np.inf) <= at else ended + self._dying()
        return turns, at

    def _ends(self, at: float, turns: dict[int, float], failed: Sequence[RankFailed]) -> Iterator[Event]:
        crew, host, over = self._crew, self._crew.host(self._node), {event.pid for event in failed}
        pids = tuple(pid for pid in crew.pids(self._node) if pid not in over)
        yield Teardown(at, host, self._node, crew.agent_pid(self._node), pids, 15)
        yield from (WorkerEnded(turn, host, self._node, crew.pid(rank)) for rank, turn in turns.items())

    def _dying(self) -> float:
        return self._gone * float(np.exp(GONE_SPREAD * self._generator.standard_normal()))
