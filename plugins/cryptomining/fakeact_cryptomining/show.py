"""A run of the miner from the first line to Ctrl-C: the one that owns the time."""

import random
from typing import Annotated, Literal

from fakeact import IO, Exit
from fakeact_cryptomining.says import Log, summary
from fakeact_cryptomining.sim.chain import height_on
from fakeact_cryptomining.sim.mining import TROUBLES, Mining
from fakeact_cryptomining.sim.pool import address
from fakeact_cryptomining.sim.rig import drawn

LOOKING = (250.0, 700.0)
"""Milliseconds in which XMRig finds out what it runs on."""


async def mine(
    io: IO,
    rng: random.Random,
    *,
    duration: Annotated[int, range(75, 7201)] = 195,
    threads: Annotated[int, range(257)] = 0,
    trouble: Literal["any", "none", "outage", "lag", "busy", "epoch", "unprivileged"] = "any",
) -> None:
    """Mine Monero with XMRig; threads is 0 for as many as XMRig chooses."""
    kind = rng.choice(["none", *TROUBLES]) if trouble == "any" else trouble
    rig, pool = drawn(rng, threads, privileged=kind != "unprivileged"), address(rng)
    await io.csleep(rng.uniform(*LOOKING))
    for line in summary(rig, pool, colored=io.motion):
        await io.print(line)
    started = io.now()
    height = height_on(started.date()) + rng.randint(-300, 300)
    mining = Mining(rig, height, rng, trouble=kind, when=rng.uniform(0.33, 0.5) * duration)
    log, now = Log(rig, pool, started), 0.0
    stopping = rng.randint(4, 24) + rig.threads // 4
    try:
        for event in mining.events():
            ends = event.at >= duration
            await io.csleep((min(event.at, duration) - now) * 1000)
            now = min(event.at, duration)
            if ends:
                break
            for line in log.lines(event):
                await io.print(line)
    except Exit:
        for line in log.stopped((io.now() - started).total_seconds(), stopping):
            await io.print(line)
        raise
    said, done = log.stopped(duration, stopping)
    await io.print(said)
    await io.csleep(stopping)
    await io.print(done)
    await io.csleep(2500)
