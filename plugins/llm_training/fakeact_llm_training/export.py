"""After training: the weights as the Hub has them, an evaluation, the run's history."""

import random
from collections.abc import Callable
from datetime import datetime

from fakeact import IO
from fakeact.units import decimal_bytes
from fakeact.widgets import tqdm_meter
from fakeact_llm_training.sim.evaluation import Evaluation, evaluate, tokens_seen
from fakeact_llm_training.sim.export import Export, draw_export
from fakeact_llm_training.sim.history import History
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.tools import lm_eval, wandb

LONGEST_EXPORT, LONGEST_EVALUATION = 150.0, 150.0
"""Seconds that a viewer is asked to wait; what takes longer is left to another job."""
REDRAW_MS = 200
BATCH = 64
"""What the harness finds for "auto" on the GPUs that there are."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


async def export(io: IO, scenario: Scenario, rng: random.Random) -> Export | None:
    """Convert and write the weights, file by file; gives what was written, or None if it would take too long."""
    work = draw_export(scenario, rng)
    if work.seconds > LONGEST_EXPORT:
        return None
    began = io.now()
    waiting = list(work.files)

    async def note(elapsed: float) -> str:
        while waiting and waiting[0].ends <= elapsed:
            file = waiting.pop(0)
            column = max(0, min(40, io.width - 17))
            await io.print(f"    {file.name:<{column}} {decimal_bytes(file.bytes, 2):>11}")
        return tqdm_meter(
            work.written(elapsed), work.bytes, max(elapsed, 1e-3), io.width - 1, "Exporting", "B", unit_scale=True
        )

    async with io.live() as live:
        while (elapsed := (io.now() - began).total_seconds()) < work.seconds:
            await live.show(await note(elapsed))
            await io.csleep(min(REDRAW_MS, 1000 * (work.seconds - elapsed) + 0.001))
        await note(work.seconds)
    return work


async def evaluation(io: IO, scenario: Scenario, steps: int, path: str, rng: random.Random) -> Evaluation | None:
    """Ask the harness's questions and print its table; None if it would take too long."""
    result = evaluate(scenario, tokens_seen(scenario, steps), rng)
    if result.seconds > LONGEST_EVALUATION:
        return None
    await _ask(io, result)
    await io.print(lm_eval.heading(path, BATCH))
    for line in lm_eval.table([score for score in result.scores if not score.depth]):
        await io.print(line)
    return result


async def scripted_evaluation(io: IO, scenario: Scenario, steps: int, path: str, rng: random.Random) -> None:
    """The harness as the next command of a launch script, with all it prints; nothing if it would take too long."""
    result = evaluate(scenario, tokens_seen(scenario, steps), rng)
    if result.seconds > LONGEST_EVALUATION or result.replicas < scenario.gpus_per_node:
        return
    for line in lm_eval.command(path, result):
        await io.print(f"+ {line}")
    await _ask(io, result)
    for line in lm_eval.result_lines(result, path, BATCH):
        await io.print(line)


async def _ask(io: IO, result: Evaluation) -> None:
    """Load the model and put its requests, kind by kind."""
    await io.csleep(1000 * result.load_seconds)
    for name, requests, seconds in (
        (lm_eval.LOGLIKELIHOOD_BAR, result.loglikelihood_requests, result.loglikelihood_seconds),
        (lm_eval.GENERATION_BAR, result.generation_requests, result.generation_seconds),
    ):
        await timed_bar(io, seconds, lambda share, name=name, n=requests, s=seconds: tqdm_meter(  # type: ignore[misc]
            round(share * n), n, max(share * s, 1e-3), io.width - 1, name))  # fmt: skip


async def timed_bar(io: IO, seconds: float, row: Callable[[float], str]) -> None:
    """A bar for so many seconds: `row` draws it at a share from 0 to 1; it stays."""
    began = io.now()
    async with io.live(keep=True) as live:
        while (elapsed := (io.now() - began).total_seconds()) < seconds:
            await live.show(row(elapsed / seconds))
            await io.csleep(min(REDRAW_MS, 1000 * (seconds - elapsed) + 0.001))
        await live.show(row(1.0))


async def history(io: IO, scenario: Scenario, points: History, began: datetime, rng: random.Random) -> None:
    """The run's history as W&B shows it at the end of an offline run."""
    name = "".join(rng.choice(_ALPHABET) for _ in range(8))
    run = wandb.OfflineRun(f"{scenario.site.paths.output}/wandb", began, name)
    for line in wandb.finish_lines(run, points, {"parameters": scenario.parameters}):
        await io.print(line)
