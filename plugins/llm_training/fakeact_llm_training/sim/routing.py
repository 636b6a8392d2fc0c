"""How evenly tokens are spread over experts, as the auxiliary loss has it: 1 is perfect."""

import math
import random

from fakeact_llm_training.sim.scenario import Scenario

# Public logs of Megatron: 1.04 at the first step, up to 1.44 within some tens, 1.027 after some hundreds.
FRESH, UNEVEN, UNEVEN_AT, UNEVEN_STEPS = 1.04, 0.36, 25.0, 70.0
SETTLED = (1.008, 1.045)
SCATTER, SCATTER_TOKENS = 1.5e-3, 2**22
# Within a sequence experts cannot be as even as within a batch.
IN_A_SEQUENCE = 0.11


def balance_loss(scenario: Scenario, step: int, attempt: int = 0) -> float:
    """The loss at a step, from 1, as mean over the layers that route."""
    seed = scenario.site.pid_seed
    level = random.Random(f"{seed} balance").uniform(*SETTLED)
    if scenario.model.experts and scenario.model.experts.router_bias:
        level += IN_A_SEQUENCE
    if scenario.kind != "finetune":
        # Routers drift before they feel the loss, and come back.
        age = step / UNEVEN_AT
        level += UNEVEN * age * math.exp(1 - age) if age < 1 else UNEVEN * math.exp((UNEVEN_AT - step) / UNEVEN_STEPS)
        level += (FRESH - level) * math.exp(1 - step) if step < UNEVEN_AT else 0.0
    size = SCATTER * math.sqrt(SCATTER_TOKENS / scenario.tokens_per_step)
    rounding = random.Random(f"{seed} {step} {attempt}").gauss(0.0, 1e-4) if attempt else 0.0
    return max(level + size * random.Random(f"{seed} {step}").gauss(0.0, 1.0) + rounding, 1.0 + 1e-4)
