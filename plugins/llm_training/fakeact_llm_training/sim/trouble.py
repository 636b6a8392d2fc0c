"""What goes wrong without ending anything: stragglers, stalls, flapping links, hot GPUs, steep gradients."""

import math
from collections.abc import Iterator

import numpy as np

from fakeact_llm_training.sim.cluster import SPINNING, WAITING, Cluster
from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.events import (
    Event,
    GradientSpike,
    LinkFlap,
    LoaderStall,
    StepDone,
    Straggler,
    ThermalAlert,
)
from fakeact_llm_training.sim.incidents import Incident, draw_incidents
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.segment import Segment

FANS_RESPOND = (30.0, 90.0)
"""Seconds until a machine's controller has its fans at full speed."""
SETTLED = 90.0
"""Seconds after which a GPU is as cool as they make it."""


class Trouble:
    """Incidents by step, each once, and what a careful trainer warns of."""

    def __init__(self, scenario: Scenario, cluster: Cluster, crew: Crew, generator: np.random.Generator) -> None:
        self._scenario, self._cluster, self._crew = scenario, cluster, crew
        self._incidents = draw_incidents(scenario, generator)
        self._straggler: tuple[Incident, int] | None = None
        self._generator, self._relieved_at = generator, math.inf
        self._usual_norm = 0.0
        self._calm_since = 0

    @property
    def slowdown(self) -> float:
        """By what fraction the slowest GPU lengthens steps."""
        slow = self._straggler[0].slowdown if self._straggler else 0.0
        return max(slow, self._cluster.throttling)

    def forget(self, at: float) -> None:
        """The processes that were slow are gone."""
        if self._straggler:
            self._cluster.set_drag(at, self._straggler[0].rank, 0.0)
            self._straggler = None

    def changes(self, step: int, at: float) -> list[Event]:
        """Stragglers that end or begin before this step; machines that have turned their fans up need no less clock."""
        changes: list[Event] = []
        if self._cluster.throttles and at >= self._relieved_at:
            self._cluster.set_throttle(at, on=False)
        if self._straggler and step >= self._straggler[1]:
            changes.append(self._straggle(self._straggler[0], at, began=False))
        for incident in self._incidents.get(step, ()):
            if incident.slowdown and not self._straggler:
                changes.append(self._straggle(incident, at, began=True))
        return changes

    def _straggle(self, incident: Incident, at: float, *, began: bool) -> Straggler:
        self._straggler = (incident, incident.step + incident.steps) if began else None
        self._cluster.set_drag(at, incident.rank, incident.slowdown if began else 0.0)
        return Straggler(at, incident.rank, self._crew.host_of(incident.rank), incident.slowdown, began)

    def stalls(self, step: int) -> list[Incident]:
        """What this step waits for; a step that is done again does not wait again."""
        return [incident for incident in self._incidents.pop(step, ()) if incident.seconds]

    def stall(self, incident: Incident, at: float) -> Segment:
        """A wait that begins at `at`."""
        scenario, rank, seconds = self._scenario, incident.rank, incident.seconds
        ends, host = at + seconds, self._crew.host_of(rank)
        if incident.kind == "loader":
            first = rank // scenario.gpus_per_node * scenario.gpus_per_node
            ranks = tuple(range(first, first + scenario.gpus_per_node))
            return Segment("stall", seconds, WAITING, (LoaderStall(ends, seconds, ranks, host),))
        device = f"mlx5_{rank % scenario.gpus_per_node % scenario.gpu.nic_count}"
        peer = self._crew.host_of((rank + scenario.gpus_per_node) % scenario.world_size)
        flap = LinkFlap(ends, rank, host, device, peer, seconds, retries=1 + int(seconds / 1.1))
        return Segment("stall", seconds, SPINNING, (flap,))

    def consequences(self, done: StepDone) -> Iterator[Event]:
        """What a careful trainer would warn of after this step."""
        if done.skipped:
            return
        usual = self._usual_norm or done.grad_norm
        if done.step <= 1.2 * self._scenario.warmup_steps or done.grad_norm < 2.5 * usual:
            self._usual_norm = usual + 0.05 * (done.grad_norm - usual)
        else:
            if done.step > self._calm_since:
                yield GradientSpike(done.at, done.step, done.grad_norm, usual, self._scenario.optimizer.clip)
            self._calm_since = done.step + 50
        if done.step % self._scenario.log_interval == 0:
            yield from self._heat(done.at)

    def _heat(self, at: float) -> Iterator[Event]:
        rank, temperature = self._cluster.hottest(at)
        limit = self._scenario.gpu.slowdown_c
        cools = self._relieved_at <= at < self._relieved_at + SETTLED
        if temperature > limit - 3 and not self._cluster.throttles and not cools:
            self._cluster.set_throttle(at, on=True)
            self._relieved_at = at + float(self._generator.uniform(*FANS_RESPOND))
            yield ThermalAlert(at, rank, self._crew.host_of(rank), temperature, limit)
