"""The star's simulation: its refresh, its scale, and how it is loaded."""

import asyncio
import random
import time
from datetime import datetime

import numpy as np
from drawing import Sink, rich_grid
from fakeact_llm_training.gpu_grid import gpu_grid
from fakeact_llm_training.sim.cluster import TRAINING, WAITING
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.run import TrainingRun
from scipy import special

from fakeact.clock import Clock, VirtualWall
from fakeact.ending import Over
from fakeact.io import IO
from fakeact.screen import Screen

STARTED = datetime(2026, 1, 30, 10, 45, 32)


def fleet(gpus: int) -> TrainingRun:
    """A run on so many GPUs, some steps into it."""
    scenario = draw(random.Random(gpus), gpus=gpus, gpu="h100")
    run = TrainingRun(scenario, np.random.default_rng(1), special)
    run.advance(60.0)
    return run


async def _our_grid(frames: int) -> float:
    screen = Screen(Sink(200, 50), Over())
    io, run = IO(screen, Clock(VirtualWall()), Over(), STARTED), fleet(64)
    async with io.live() as live:
        began = time.process_time()
        for _ in range(frames):
            run.advance(run.scenario.step_time)
            await live.show(*gpu_grid(run.cluster.readings(run.elapsed), run.scenario, 199, 40))
            screen.show()
        return time.process_time() - began


def our_grid(frames: int = 100) -> float:
    """CPU seconds of stepping and drawing 64 GPUs."""
    return asyncio.run(_our_grid(frames))


def their_grid(frames: int = 100) -> float:
    """CPU seconds of the same simulation in a rich table with the same figures."""
    run = fleet(64)

    def look() -> list[list[str]]:
        run.advance(run.scenario.step_time)
        read, per_node = run.cluster.readings(run.elapsed), run.scenario.gpus_per_node
        figures = zip(read.utilisation, read.temperature, read.memory_used, read.power, strict=True)
        cells = [f"● {u:3.0f}% {t:2.0f}°C {m / 1024:5.1f}G {p:4.0f}W" for u, t, m, p in figures]
        nodes = range(run.scenario.nodes)
        return [[run.scenario.site.host(n), *cells[n * per_node : (n + 1) * per_node]] for n in nodes]

    return rich_grid(look, frames)


def step_and_map(gpus: int, rounds: int = 15) -> float:
    """CPU seconds of a change of load, a look at all GPUs and their picture at 200x50; the best of some rounds."""
    run, best = fleet(gpus), 9.0
    for number in range(rounds):
        began = time.process_time()
        run.cluster.set_load(run.elapsed, WAITING if number % 2 else TRAINING)
        gpu_grid(run.cluster.readings(run.elapsed), run.scenario, 199, 46)
        best = min(best, time.process_time() - began)
        run.elapsed += 1.0
    return best


STALL = """
import asyncio, gc, time
from datetime import datetime
from fakeact.clock import Clock, RealWall, ShowLoop
from fakeact.ending import Over
from fakeact.io import IO
from fakeact.screen import Screen
from fakeact.stages.plain import PlainStage
from fakeact.stages.colour import Depth
import sys
clock = Clock(RealWall())
io = IO(Screen(PlainStage(sys.stderr, Depth.NONE, (80, 24)), Over()), clock, Over(), datetime(2026, 1, 30))

async def main():
    loads = [io.load(name) for name in NAMES]
    late, before, others = 0.0, time.perf_counter(), 0.0
    while not all(load.done() for load in loads):
        await io.csleep(5)
        now, loader = time.perf_counter(), time.process_time() - time.thread_time()
        late, before, others = max(late, min(now - before - 0.005, loader - others)), now, loader
    for load in loads:
        await load
    print(late)

NAMES = {names}
loop = ShowLoop(clock)
loop.run_until_complete(main())
"""
"""A show that does nothing but look at how late it is while scipy and the simulation are imported.

As much of a delay counts as the loading thread has computed in it: the rest is other programs' doing.
"""
