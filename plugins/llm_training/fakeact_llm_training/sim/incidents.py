"""What goes wrong, drawn for the whole run beforehand: when, where, how long."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fakeact_llm_training.sim.scenario import Scenario

Kind = Literal["straggler", "loader", "link"]

# Per hour of training, so a show of ten minutes has two: far more than on real clusters, as shows are short.
PER_HOUR: dict[Kind, float] = {"straggler": 4.0, "loader": 12.0, "link": 2.5}


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
    """Incidents by the step before which they begin; none within the first 20 steps.

    Without faults only data loaders hiccup.
    """
    steps = _steps(scenario)
    hours = steps * scenario.step_time / 3600
    by_step: dict[int, list[Incident]] = defaultdict(list)
    for kind, rate in PER_HOUR.items():
        if not _possible(kind, scenario):
            continue
        for _ in range(int(generator.poisson(rate * hours))):
            if steps > 20:
                incident = _draw(kind, scenario, steps, generator)
                by_step[incident.step].append(incident)
    return by_step


def _steps(scenario: Scenario) -> int:
    """Steps that this job can come to."""
    steps = scenario.last_step - scenario.start_step
    return min(steps, int(scenario.time_limit / scenario.step_time)) if scenario.time_limit else steps


def _possible(kind: Kind, scenario: Scenario) -> bool:
    if kind == "loader":
        return True
    return scenario.faults != "none" and (scenario.world_size if kind == "straggler" else scenario.nodes) > 1


def _draw(kind: Kind, scenario: Scenario, steps: int, generator: np.random.Generator) -> Incident:
    step = scenario.start_step + int(generator.integers(21, steps + 1))
    rank = int(generator.integers(scenario.world_size))
    if kind == "straggler":
        # Frameworks that say nothing of it leave a reader with slow steps; what is short and small asks for no cause.
        lasts = int(generator.integers(8, 40) / scenario.step_time) + 1
        return Incident(kind, step, rank, slowdown=float(generator.uniform(0.03, 0.09)), steps=lasts)
    seconds = _late_batch(generator) if kind == "loader" else generator.uniform(2.0, 7.0)
    return Incident(kind, step, rank, seconds=float(seconds))


def _late_batch(generator: np.random.Generator) -> float:
    """Seconds: half of them less than 0.4, one in twenty more than 2, so that a long one does not stand alone."""
    return float(min(0.25 * generator.uniform(0.001, 1.0) ** -0.7, 4.0))
