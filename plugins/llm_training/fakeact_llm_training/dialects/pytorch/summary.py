"""The end: what came out of it."""

from fakeact import IO
from fakeact.style import bold, green
from fakeact.units import SHORT_SCALE, clock_time, decimal_bytes, grouped, si
from fakeact_llm_training.dialects.pytorch.log import Log
from fakeact_llm_training.figures import perplexity
from fakeact_llm_training.sim.events import RunDone
from fakeact_llm_training.sim.startup import Startup


async def summary(io: IO, log: Log, startup: Startup, done: RunDone) -> None:
    """Say that training is complete, and list its figures."""
    run = startup.scenario
    await log.info(green(bold("Training complete")) + f": {run.run_name}")
    for name, value in _figures(startup, done):
        await io.print(f"    {name:<24}{value}")
    await log.info(f"Last checkpoint: {run.site.paths.checkpoint(done.steps)}")


def _figures(startup: Startup, done: RunDone) -> list[tuple[str, str]]:
    run = startup.scenario
    gpu_hours = run.world_size * (startup.seconds + done.seconds) / 3600
    flops = done.tokens * run.flops_per_token
    return [
        ("model", f"{run.model.name}, {grouped(run.parameters)} parameters"),
        ("steps", f"{grouped(done.steps)} in {run.epochs} {'epoch' if run.epochs == 1 else 'epochs'}"),
        ("samples", grouped(done.samples)),
        ("tokens", f"{grouped(done.tokens)} ({si(done.tokens, prefixes=SHORT_SCALE)})"),
        ("compute", f"{flops:.3e} FLOP"),
        ("start-up", clock_time(startup.seconds)),
        ("training time", clock_time(done.seconds)),
        ("GPU hours", f"{gpu_hours:,.2f}"),
        ("mean step", f"{done.mean_step_time * 1000:.2f} ms"),
        ("throughput", f"{done.tokens_per_second:,.0f} tok/s"),
        ("MFU", f"{done.mfu:.2%}"),
        ("final training loss", f"{done.final_loss:.4f}"),
        ("final validation loss", f"{done.final_validation_loss:.4f}"),
        (
            "best validation loss",
            f"{done.best_validation_loss:.4f} (ppl {perplexity(done.best_validation_loss)}, epoch {done.best_epoch})",
        ),
        ("checkpoints", f"{done.checkpoints} of {decimal_bytes(done.checkpoint_bytes, 2)}"),
    ]
