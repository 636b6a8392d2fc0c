"""What of a step a launch script asks to be logged, and the figures that only some scripts ask for."""

import math
import random
from typing import NamedTuple

from fakeact_llm_training.dialects.megatron.figures import vocabulary
from fakeact_llm_training.sim.model import parameter_table
from fakeact_llm_training.sim.scenario import Scenario

# Shares of public scripts and logs of 2024 to 2026 that set them, by a rough count.
THROUGHPUT, ENERGY, ZEROS, NORM, PERPLEXITY, MEMORY = 0.85, 0.08, 0.2, 0.22, 0.4, 0.3
INIT_STD = 0.02
"""--init-method-std, which no script here sets."""
# Weights grow by a third in some thousand steps at full rate; from there on decay holds them (an estimate).
GROWTH, GROWTH_STEPS = 0.7, 3000.0
# Different words in so many tokens of web text: Heaps' law, as it is for vocabularies of 10^5 (an estimate).
HEAPS, HEAPS_POWER = 44.0, 0.49


class Flags(NamedTuple):
    """The switches."""

    throughput: bool
    energy: bool
    zeros: bool
    params_norm: bool
    perplexity: bool
    memory: bool


def flags(scenario: Scenario) -> Flags:
    """Those of a run's script."""
    dice = random.Random(f"{scenario.site.job_id} {scenario.site.pid_seed} flags")
    drawn = [dice.random() < share for share in (THROUGHPUT, ENERGY, ZEROS, NORM, PERPLEXITY, MEMORY)]
    found = Flags(*drawn)
    return found._replace(energy=found.energy and scenario.gpu.vendor == "nvidia")


def zeros(scenario: Scenario, step: int) -> float:
    """Elements of the gradient that are 0: the embedding's rows of words that are not in the batch.

    A tied matrix has the head's gradient everywhere.
    """
    if scenario.model.tied_embeddings:
        return 0.0
    words = vocabulary(scenario.model, scenario.tp)
    dice = random.Random(f"{scenario.site.pid_seed} zeros {step}")
    distinct = words.size * (1 - math.exp(-HEAPS * scenario.tokens_per_step**HEAPS_POWER / words.size))
    seen = round(distinct + math.sqrt(distinct) * dice.gauss(0, 1))
    return float((words.padded - min(seen, words.size)) * scenario.model.hidden + dice.randrange(40))


def params_norm(scenario: Scenario, updates: int) -> float:
    """L2 norm of all parameters: as Megatron initialises them, and as they grow."""
    schedule = scenario.schedule
    warm = min(updates, schedule.warmup)
    progress = warm * warm / (2 * schedule.warmup) + max(0.0, updates - schedule.warmup) if schedule.warmup else updates
    if scenario.kind == "finetune":
        progress += 20 * GROWTH_STEPS
    own = random.Random(f"{scenario.site.pid_seed} norm").uniform(0.8, 1.2)
    return math.sqrt(_initial_square(scenario) * (1 + own * GROWTH * (1 - math.exp(-progress / GROWTH_STEPS))))


def _initial_square(scenario: Scenario) -> float:
    """Norms are 1; matrices that end in a sum over layers are smaller by the root of twice their number."""
    model = scenario.model
    rows = parameter_table(model)
    total = sum(row.total for row in rows)
    norms = sum(row.total for row in rows if "norm" in row.name)
    ffn = model.ffn
    if experts := model.experts:
        ffn = experts.ffn * (experts.routed + experts.shared)
    ends = model.layers * model.hidden * (model.heads * model.head_dim + ffn)
    return norms + INIT_STD**2 * (total - norms - ends + ends / (2 * model.layers))
