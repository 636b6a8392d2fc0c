"""What goes wrong, drawn for the whole run beforehand: when, where, how long."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fakeact_llm_training.sim.scenario import Scenario

Kind = Literal["straggler", "loader", "link"]

# Per hour of training, so a show of ten minutes has two: far more than on real clusters, as shows are short.
PER_HOUR: dict[Kind, float] = {"straggler": 4.0, "loader": 7.0, "link": 2.5}


@dataclass(frozen=True)
class Incident:
    """Something that begins before `step`: a stall of `seconds`, or `slowdown` for `steps` steps."""

    kind: Kind
    step: int
    rank: int
    seconds: float = 0.0
    slowdown: float = 0.0
    steps: int = 1


def draw_incidents(scenario: Scenario, generator: np.random.Generator) -> dict[int, list[Incident]]:
    """Incidents by the step before which they begin; none within the first 20 steps."""
    hours = scenario.total_steps * scenario.step_time / 3600
    by_step: dict[int, list[Incident]] = defaultdict(list)
    for kind, rate in PER_HOUR.items():
        if not _possible(kind, scenario):
            continue
        for _ in range(int(generator.poisson(rate * hours))):
            if scenario.total_steps > 20:
                incident = _draw(kind, scenario, generator)
                by_step[incident.step].append(incident)
    return by_step


def _possible(kind: Kind, scenario: Scenario) -> bool:
    return {"straggler": scenario.world_size > 1, "loader": True, "link": scenario.nodes > 1}[kind]


def _draw(kind: Kind, scenario: Scenario, generator: np.random.Generator) -> Incident:
    step = int(generator.integers(21, scenario.total_steps + 1))
    rank = int(generator.integers(scenario.world_size))
    if kind == "straggler":
        steps = int(generator.integers(15, 75) / scenario.step_time) + 1
        return Incident(kind, step, rank, slowdown=float(generator.uniform(0.04, 0.14)), steps=steps)
    seconds = generator.uniform(0.6, 4.0) if kind == "loader" else generator.uniform(2.0, 7.0)
    return Incident(kind, step, rank, seconds=float(seconds))
