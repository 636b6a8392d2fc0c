"""A training run from its launch to its summary."""

import asyncio
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fakeact import IO, Output
from fakeact_llm_training import catalogue, dialects
from fakeact_llm_training.init import init
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.startup import draw_startup

if TYPE_CHECKING:
    from fakeact_llm_training.panel import Place

LAST_LOOK_MS = 8000
LATER = (
    "fakeact_llm_training.export",
    "fakeact_llm_training.dialects.megatron.ending",
    "fakeact_llm_training.dialects.nemo.ending",
    "fakeact_llm_training.dialects.pytorch.summary",
    "fakeact_llm_training.sim.nccl",
    "fakeact_llm_training.tools.bridge",
    "fakeact_llm_training.tools.nccl_info",
    "fakeact_llm_training.tools.nccl_links",
)
"""What a run may need once it is under way."""


async def play(
    io: IO, rng: random.Random, *, grid: "Place" = "auto", metrics: Output | None = None, **wishes: Any
) -> None:
    """Draw a scenario that fits the wishes, and play it in its dialect."""
    others = () if wishes.get("dialect") else dialects.NAMES
    if others:
        wishes["dialect"] = rng.choice(dialects.NAMES)
    scenario = draw(rng, **wishes)
    dialect = dialects.load(scenario.dialect)(io, draw_startup(scenario, rng))
    dialect.dice = random.Random(rng.getrandbits(64))
    try:
        run = await init(io, dialect, rng)
        from fakeact_llm_training.loop import loop  # behind the first lines, as is what it draws with

        load_ahead(io, others)
        await dialect.end(await loop(io, run, dialect, grid, metrics))
    except asyncio.CancelledError:
        if io.signal:
            await dialect.interrupted(io.signal)
        raise
    await io.csleep(LAST_LOOK_MS)


def load_ahead(io: IO, others: Sequence[str]) -> None:
    """Begin to import what this run needs later, and the next one in one of these dialects: no picture waits then."""
    catalogue.read_all()
    for name in (*LATER, *map(dialects.path, others)):
        io.load(name)
