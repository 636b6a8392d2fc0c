"""The end: what came out of it."""

from fakeact import IO
from fakeact.style import bold, green, yellow
from fakeact.units import SHORT_SCALE, clock_time, decimal_bytes, grouped, si
from fakeact_llm_training.dialects.pytorch.log import Log
from fakeact_llm_training.figures import perplexity
from fakeact_llm_training.sim.events import RunDone, RunInterrupted
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.startup import Startup

Rows = list[tuple[str, str]]


async def summary(io: IO, log: Log, startup: Startup, last: RunDone | RunInterrupted) -> None:
    """Say how it ended, and list this job's figures."""
    run = startup.scenario
    done = isinstance(last, RunDone)
    await log.info((green(bold("Training complete")) if done else yellow(bold("Job over"))) + f": {run.run_name}")
    outcome = _losses(last) if isinstance(last, RunDone) else _stand(last, run)
    for name, value in [*_figures(startup, last), *outcome, *_files(last)]:
        await io.print(f"    {name:<24}{value}")
    path = last.path if isinstance(last, RunInterrupted) else run.site.paths.checkpoint(last.steps)
    if path:
        await log.info(f"Last checkpoint: {path}")


def _figures(startup: Startup, last: RunDone | RunInterrupted) -> Rows:
    run = startup.scenario
    gpu_hours = run.world_size * (startup.seconds + last.seconds) / 3600
    epochs = " in this job"
    if isinstance(last, RunDone) and not run.start_step:
        epochs = f" in {run.epochs} {'epoch' if run.epochs == 1 else 'epochs'}"
        epochs = " (stopped early)" if last.stopped_early else epochs
    return [
        ("model", f"{run.model.name}, {grouped(run.parameters)} parameters"),
        ("steps", grouped(last.steps) + epochs),
        ("samples", grouped(last.samples)),
        ("tokens", f"{grouped(last.tokens)} ({si(last.tokens, prefixes=SHORT_SCALE)})"),
        ("compute", f"{last.tokens * run.flops_per_token:.3e} FLOP"),
        ("start-up", clock_time(startup.seconds)),
        ("training time", clock_time(last.seconds)),
        ("GPU hours", f"{gpu_hours:,.2f}"),
        ("mean step", f"{last.mean_step_time * 1000:.2f} ms"),
        ("throughput", f"{last.tokens_per_second:,.0f} tok/s"),
        ("MFU", f"{last.mfu:.2%}"),
        ("restarts", str(last.restarts)),
        ("final training loss", f"{last.final_loss:.4f}"),
    ]


def _losses(done: RunDone) -> Rows:
    best = done.best_validation_loss
    return [
        ("final validation loss", f"{done.final_validation_loss:.4f}"),
        ("best validation loss", f"{best:.4f} (ppl {perplexity(best)}, epoch {done.best_epoch})"),
    ]


def _stand(last: RunInterrupted, run: Scenario) -> Rows:
    """How far the whole run has come."""
    return [("run", f"step {grouped(last.step)} of {grouped(run.total_steps)} ({last.step / run.total_steps:.1%})")]


def _files(last: RunDone | RunInterrupted) -> Rows:
    return (
        [("checkpoints", f"{last.checkpoints} of {decimal_bytes(last.checkpoint_bytes, 2)}")]
        if last.checkpoints
        else []
    )
