"""How often a run saves and validates, what it keeps, how patient it is: settings that people choose by hand."""

import math
import random
from typing import Any

from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.frameworks import FRAMEWORKS, loss_scaling, may_be_fp16
from fakeact_llm_training.sim.kinds import DialectName, FaultRate
from fakeact_llm_training.sim.layout import Layout
from fakeact_llm_training.sim.model import total_parameters

FP16_SHARE = 0.6
# --log-interval, whose default of 100 steps is changed wherever steps take a second.
MEGATRONS_INTERVALS = (1, 1, 5, 10, 10, 10)
# torchtitan's train_timeout_seconds, unless one says otherwise.
TITANS_TIMEOUT = 100
# Seconds of training in a job of a long run, as queues have them; between its checkpoints, so that few are lost.
TIME_LIMITS = (1200, 2400)
BETWEEN_CHECKPOINTS: dict[FaultRate, tuple[float, float]] = {
    "none": (120.0, 420.0),
    "some": (90.0, 240.0),
    "drama": (40.0, 90.0),
}
# So many times longer than a checkpoint takes, steps go on before the next.
APART = 8.0
# Sites that train large models buy storage that swallows a checkpoint in less than a minute.
SLOWEST_SAVE, FASTEST_SAVE, MOST_PER_NODE = 50.0, 25.0, 14e9
MOST_OF_ALL = 200e9


def io_per_node(rng: random.Random, model: Model, nodes: int) -> float:
    """Bytes per second between a node and the shared storage."""
    written = total_parameters(model) * 14 / nodes
    return max(rng.uniform(1.8e9, 4.2e9), min(written / rng.uniform(FASTEST_SAVE, SLOWEST_SAVE), MOST_PER_NODE))


def draw_habits(rng: random.Random, dialect: DialectName, model: Model, gpu: Gpu, faults: FaultRate) -> dict[str, Any]:
    """Fields of a scenario that no figure of the model or the machine decides."""
    half = may_be_fp16(dialect, model, gpu) and rng.random() < FP16_SHARE
    asynchronous = rng.random() < FRAMEWORKS[dialect].asynchronous
    kept = rng.choice((2, 3, 5)) if rng.random() < 0.6 else None
    restarts = 10 if faults == "drama" else rng.choice((3, 3, 5, 10))
    timeout = rng.choice((60, 60, 120, 120, 180))
    return {
        "log_interval": rng.choice(MEGATRONS_INTERVALS) if dialect == "megatron" else 10,
        "async_checkpoints": asynchronous,
        "keep_checkpoints": kept,
        "max_restarts": restarts,
        "collective_timeout": TITANS_TIMEOUT if dialect == "torchtitan" else timeout,
        "loss_scaling": loss_scaling(dialect) if half else None,
    }


def draw_time_limit(rng: random.Random) -> float:
    """Seconds of training after which a job of a long run hands over to the next."""
    return float(rng.randrange(*TIME_LIMITS, 60))


def save_interval(
    rng: random.Random, layout: Layout, model: Model, faults: FaultRate, rate: float, *, behind: bool
) -> int:
    """Steps between a long run's checkpoints, at `rate` bytes a second of all nodes; `behind` the steps or not."""
    save = total_parameters(model) * 14 / min(rate, MOST_OF_ALL)
    low, high = (max(seconds, APART * save * (0.3 if behind else 1.0)) for seconds in BETWEEN_CHECKPOINTS[faults])
    return interval(rng, layout, (low, high))


def interval(rng: random.Random, layout: Layout, seconds: tuple[float, float]) -> int:
    """A number of steps that a person types which takes about so many seconds."""
    return round_number(rng.uniform(*seconds) / layout.step_time)


def round_number(value: float) -> int:
    """A number of steps that a person types: 1, 2, 2.5 or 5 with zeros, not above `value`.

    >>> round_number(430), round_number(230), round_number(7)
    (250, 200, 5)
    """
    unit = 10 ** int(math.log10(max(value, 1.0)))
    return max(int(unit * head) for head in (1, 2, 2.5, 5) if unit * head <= max(value, 1.0))
