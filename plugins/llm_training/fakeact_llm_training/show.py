"""A training run from its launch to its summary."""

import random

from fakeact import IO
from fakeact_llm_training.init import init
from fakeact_llm_training.log import Log
from fakeact_llm_training.loop import loop
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.startup import draw_startup
from fakeact_llm_training.summary import summary

LAST_LOOK_MS = 8000


async def play(io: IO, rng: random.Random, *, gpus: int, model: str | None, steps: int | None, epochs: int) -> None:
    """Draw a scenario and play it; numpy and scipy are loaded while the first lines are on screen."""
    scenario = draw(rng, model=model, gpus=gpus, steps=steps, epochs=epochs)
    startup = draw_startup(scenario, rng)
    dice = rng.getrandbits(64)
    log = Log(io, scenario)
    await init(io, log, startup)
    simulation = await io.load("fakeact_llm_training.sim.run")
    special = await io.load("scipy.special")
    run = simulation.TrainingRun(scenario, simulation.np.random.default_rng(dice), special)
    done = await loop(io, log, run)
    await summary(io, log, startup, done)
    await io.csleep(LAST_LOOK_MS)
