"""From the launcher to the moment before the first step."""

import random
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.dialects.base import SIMULATION, Dialect

if TYPE_CHECKING:
    from fakeact_llm_training.sim.run import TrainingRun


async def init(io: IO, dialect: Dialect, dice: random.Random) -> "TrainingRun":
    """Play the start-up in a dialect; gives the run, which needs what was loaded meanwhile."""
    seed = dice.getrandbits(64)
    await dialect.start()
    special, simulation = [await io.load(name) for name in SIMULATION]
    run: TrainingRun = simulation.TrainingRun(dialect.scenario, simulation.np.random.default_rng(seed), special)
    dialect.run = run
    return run
