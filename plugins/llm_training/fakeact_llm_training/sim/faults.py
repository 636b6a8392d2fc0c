"""What ends an attempt: kinds in the proportions of a published table, at random moments."""

import math

import numpy as np

from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.fault_events import Fault
from fakeact_llm_training.sim.kinds import FaultKind
from fakeact_llm_training.sim.scenario import Scenario

# Unexpected interruptions of Llama 3 405B in 54 days (Llama 3 paper, table 5; 419 in all). "Faulty GPU" and its
# thermal parts are divided between bus and NVLink; silent corruption goes with the watchdog; disks, power supplies,
# boards and CPUs with lost nodes; a fifth of the software bugs and bad host memory with the OOM killer.
MIX: dict[FaultKind, float] = {
    "off_bus": 84,
    "nvlink": 70,
    "ecc_hbm": 72,
    "ecc_sram": 19,
    "gsp": 17,
    "network": 42,
    "watchdog": 13,
    "node": 12,
    "preemption": 32,
    "software": 46,
    "oom": 12,
}
# Seconds of training between faults: as shows are short, far fewer than on real clusters. Some of them a new
# attempt has in peace.
MEAN = {"none": math.inf, "some": 720.0, "drama": 180.0}
PEACE = 15.0
XIDS: dict[FaultKind, int] = {"off_bus": 79, "nvlink": 74, "ecc_hbm": 48, "ecc_sram": 94, "gsp": 119}
# Blackwell reports NVLink errors as 144 to 150; 149 is a link event.
BLACKWELL_NVLINK = 149
BLACKWELL = ("b200", "gb200")


def mix(scenario: Scenario) -> dict[FaultKind, float]:
    """Kinds that can happen to such a run, with their weights."""
    gpu, nodes, world = scenario.gpu, scenario.nodes, scenario.world_size
    missing: set[FaultKind] = set()
    if gpu.vendor == "amd":
        missing |= {"nvlink", "gsp"}
    if gpu.busbw_node < 100:
        missing |= {"nvlink", "ecc_hbm", "ecc_sram"}
    if nodes == 1:
        missing |= {"network", "node"}
    if world == 1:
        missing |= {"nvlink", "gsp", "watchdog"}
    return {kind: weight for kind, weight in MIX.items() if kind not in missing}


class Fate:
    """When the next fault comes, and which."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator) -> None:
        self._scenario = scenario
        self._generator = generator
        self.due = math.inf
        self.spare(0.0)

    def spare(self, at: float) -> None:
        """Draw the moment of the next fault for an attempt that begins at `at`."""
        mean = MEAN[self._scenario.faults]
        if math.isfinite(mean):
            self.due = at + PEACE + float(self._generator.exponential(mean - PEACE))

    def fault(self, at: float, step: int, crew: Crew) -> Fault:
        """The fault that happens at `at`, in the middle of `step`."""
        scenario, kinds = self._scenario, mix(self._scenario)
        shares = np.array(list(kinds.values()))
        kind = list(kinds)[int(self._generator.choice(len(kinds), p=shares / shares.sum()))]
        # With the first machine srun and the log itself would be gone.
        first = scenario.gpus_per_node if kind == "node" else 0
        rank = int(self._generator.integers(first, scenario.world_size))
        local, dice = rank % scenario.gpus_per_node, self._generator.random(4)
        stale, links = bool(dice[0] < 0.4), 12 if scenario.gpu.slug.startswith("a100") else 18
        return Fault(
            at=at,
            kind=kind,
            step=step,
            rank=rank,
            local_rank=local,
            host=crew.host_of(rank),
            pid=crew.pid(rank),
            bus_id=scenario.site.bus_id(rank),
            xid=self._xid(kind),
            link=int(links * dice[1]) if kind == "nvlink" else None,
            nic=f"mlx5_{local % scenario.gpu.nic_count}" if kind == "network" else None,
            peer=crew.host_of((rank + scenario.gpus_per_node) % scenario.world_size) if kind == "network" else None,
            worker_pid=crew.pid(rank) + 90 + int(400 * dice[2]) if kind == "software" and not stale else None,
            hangs=kind in {"gsp", "watchdog"} or (kind == "network" and bool(dice[3] < 0.5)),
        )

    def _xid(self, kind: FaultKind) -> int | None:
        gpu = self._scenario.gpu
        if gpu.vendor == "amd":
            return None
        return BLACKWELL_NVLINK if kind == "nvlink" and gpu.slug in BLACKWELL else XIDS.get(kind)
