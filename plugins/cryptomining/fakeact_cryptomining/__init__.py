"""Pretend to mine Monero on the processor, or Ravencoin on graphics cards."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


async def mine(
    io: IO,
    rng: random.Random,
    *,
    algo: Literal["any", "rx/0", "kawpow"] = "any",
    threads: Annotated[int, range(257)] = 0,
    gpus: Annotated[int, range(1, 17)] = 4,
    duration: Annotated[int, range(75, 7201)] = 195,
    trouble: Literal["any", "none", "outage", "lag", "busy", "heat", "epoch", "unprivileged"] = "any",
) -> None:
    """Mine with XMRig: on a processor's threads (rx/0; 0: as many as it likes) or on graphics cards (kawpow)."""
    from fakeact_cryptomining.show import mine_until_stopped

    chosen = algo if algo != "any" else "rx/0" if threads or rng.random() < 0.6 else "kawpow"
    await mine_until_stopped(io, rng, chosen, threads=threads, gpus=gpus, duration=duration, trouble=trouble)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("cryptomining", "./xmrig --config=rig.json", mine)]
