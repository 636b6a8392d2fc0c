"""The learning rate as NeMo's schedulers have it."""

from fakeact_llm_training.sim.schedule import Schedule


def learning_rate(schedule: Schedule, step: int) -> float:
    """The rate of step `step`, from 0: the warm-up has a step more than it is given, so the first rate is not 0.

    As in WarmupAnnealHoldPolicy (nemo/core/optim/lr_scheduler.py): after 29 of 2,000 steps it is 30/2001 of the peak.

    >>> f"{learning_rate(Schedule('cosine', 3e-4, 3e-5, 2000, 100_000), 29):.4g}"
    '4.498e-06'
    """
    if step <= schedule.warmup:
        return schedule.peak * (step + 1) / (schedule.warmup + 1)
    return schedule.learning_rate(step)
