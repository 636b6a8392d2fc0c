"""A run of the miner from the first line to Ctrl-C: the one that owns the time."""

import random

from fakeact import IO, Exit
from fakeact_cryptomining.says import Log
from fakeact_cryptomining.sim.coins import COINS
from fakeact_cryptomining.sim.mining import TROUBLES, Mining
from fakeact_cryptomining.sim.pool import address
from fakeact_cryptomining.sim.rig import drawn, with_cards
from fakeact_cryptomining.summary import summary

LOOKING = (250.0, 700.0)
"""Milliseconds in which XMRig finds out what it runs on."""


async def mine_until_stopped(
    io: IO, rng: random.Random, algo: str, *, threads: int, gpus: int, duration: int, trouble: str
) -> None:
    """Mine with an algorithm, that is a coin, for so many seconds."""
    kind = rng.choice(["none", *TROUBLES]) if trouble == "any" else trouble
    privileged = kind != "unprivileged"
    rig = (
        with_cards(rng, gpus, privileged=privileged) if algo == "kawpow" else drawn(rng, threads, privileged=privileged)
    )
    coin, pool = COINS[algo], address(rng, COINS[algo].names)
    await io.csleep(rng.uniform(*LOOKING))
    for line in summary(rig, pool, coin, colored=io.motion):
        await io.print(line)
    started = io.now()
    height = coin.height_on(started.date()) + rng.randint(-300, 300)
    mining = Mining(rig, coin, height, rng, trouble=kind, when=rng.uniform(0.36, 0.5) * duration)
    log, now = Log(rig, pool, coin, started), 0.0
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
        await io.erase_line()  # XMRig reads keys, so that no ^C is echoed
        for line in log.stopped((io.now() - started).total_seconds(), stopping):
            await io.print(line)
        raise
    said, done = log.stopped(duration, stopping)
    await io.print(said)
    await io.csleep(stopping)
    await io.print(done)
    await io.csleep(2500)
