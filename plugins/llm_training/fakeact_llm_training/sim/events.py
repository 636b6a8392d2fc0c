"""What happens in a run, as frozen records; `at` is seconds since training began."""

import math
from dataclasses import dataclass
from typing import Literal

from fakeact_llm_training.sim.accuracy import accuracy

Reason = Literal["time limit", "step limit", "restarts exhausted"]


@dataclass(frozen=True)
class Event:
    """Something that happened at `at` seconds."""

    at: float


@dataclass(frozen=True)
class StepDone(Event):
    """An optimizer step. Loss in nats, times in seconds, memory in GiB as torch reports it, mfu a fraction.

    `step_time` includes `waited` seconds for data or network; tokens_per_second * step_time is the batch. In
    fp16 `attempted_loss_scale` was used and `loss_scale` is the one for the next step; where gradients
    overflowed the step is `skipped`, its loss is nan, its norm infinite, its rate that of the last update.
    """

    step: int
    epoch: int
    step_in_epoch: int
    loss: float
    grad_norm: float
    clipped: bool
    learning_rate: float
    step_time: float
    waited: float
    tokens_per_second: float
    mfu: float
    tflops_per_gpu: float
    memory_allocated: float
    memory_reserved: float
    memory_share: float
    consumed_samples: int
    consumed_tokens: int
    attempted_loss_scale: float | None = None
    loss_scale: float | None = None
    skipped: bool = False
    skipped_steps: int = 0
    attempt: int = 0

    @property
    def perplexity(self) -> float:
        """exp(loss)."""
        return math.exp(self.loss)

    @property
    def accuracy(self) -> float:
        """The share of next tokens that the model would have guessed."""
        return accuracy(self.loss)


@dataclass(frozen=True)
class ValidationStarted(Event):
    """The held-out sequences are run through: `batches` of one micro-batch a rank, `seconds` in all."""

    epoch: int
    step: int
    samples: int
    batches: int
    seconds: float
    inside: bool = False


@dataclass(frozen=True)
class ValidationDone(Event):
    """Validation result; `best` if lower than all before, else `stale` evaluations have been without a better one.

    `train_loss` is the mean of the last hundred steps, to compare with; `inside` says in the middle of an epoch.
    """

    epoch: int
    step: int
    samples: int
    batches: int
    seconds: float
    loss: float
    best: bool
    train_loss: float = math.nan
    best_loss: float = math.nan
    best_step: int = 0
    stale: int = 0
    patience: int | None = None
    inside: bool = False

    @property
    def perplexity(self) -> float:
        """exp(loss)."""
        return math.exp(self.loss)

    @property
    def accuracy(self) -> float:
        """The share of next tokens that the model would have guessed."""
        return accuracy(self.loss)


@dataclass(frozen=True)
class EarlyStopping(Event):
    """`patience` evaluations have brought no better loss: the run stops."""

    epoch: int
    step: int
    stale: int
    patience: int
    best_loss: float
    best_step: int


@dataclass(frozen=True)
class CheckpointStarted(Event):
    """Weights and optimizer begin to be written to the directory `path`, complete after `seconds`.

    Steps stand still for `blocking` seconds: for all of them unless it is asynchronous.
    """

    epoch: int
    step: int
    path: str
    bytes: int
    shards: int
    seconds: float
    asynchronous: bool = False
    blocking: float = 0.0


@dataclass(frozen=True)
class CheckpointScheduled(Event):
    """All is copied to the hosts' memory after `blocking` seconds; writing goes on behind the next steps."""

    epoch: int
    step: int
    path: str
    blocking: float


@dataclass(frozen=True)
class CheckpointSaved(Event):
    """A checkpoint is complete; `rate` in bytes per second is bytes / seconds."""

    epoch: int
    step: int
    path: str
    bytes: int
    shards: int
    seconds: float
    rate: float
    asynchronous: bool = False
    blocking: float = 0.0


@dataclass(frozen=True)
class CheckpointPruned(Event):
    """An old checkpoint is deleted, as a newer one is complete."""

    step: int
    path: str


@dataclass(frozen=True)
class EpochDone(Event):
    """An epoch with its validation and checkpoint; means over its steps, `seconds` all of it took."""

    epoch: int
    steps: int
    tokens: int
    mean_loss: float
    validation_loss: float
    mean_step_time: float
    tokens_per_second: float
    mfu: float
    seconds: float


@dataclass(frozen=True)
class Straggler(Event):
    """A rank begins (or ends) to take `slowdown` (a fraction) longer; all wait for it."""

    rank: int
    host: str
    slowdown: float
    began: bool


@dataclass(frozen=True)
class LoaderStall(Event):
    """All ranks waited `seconds` for a batch from `ranks`' data loaders."""

    seconds: float
    ranks: tuple[int, ...]
    host: str


@dataclass(frozen=True)
class LinkFlap(Event):
    """A port went down and came back after `seconds`; collectives were retried meanwhile."""

    rank: int
    host: str
    device: str
    peer: str
    seconds: float
    retries: int


@dataclass(frozen=True)
class GradientSpike(Event):
    """The gradient norm jumped to several times its usual size."""

    step: int
    grad_norm: float
    usual: float
    clip: float


@dataclass(frozen=True)
class ThermalAlert(Event):
    """A GPU came within 3 K of its slowdown temperature `limit` (C) and clocks down."""

    rank: int
    host: str
    temperature: float
    limit: int


@dataclass(frozen=True)
class RunDone(Event):
    """The end: all steps done, `seconds` in all. Means are over steps after the first ten."""

    steps: int
    tokens: int
    samples: int
    seconds: float
    final_loss: float
    final_validation_loss: float
    best_validation_loss: float
    best_epoch: int
    mean_step_time: float
    tokens_per_second: float
    mfu: float
    checkpoints: int
    checkpoint_bytes: int
    restarts: int = 0
    stopped_early: bool = False


@dataclass(frozen=True)
class RunInterrupted(Event):
    """The job ends before the run does; figures are this job's, means as in RunDone.

    `path` is the last complete checkpoint and `step` the last step that was done.
    """

    reason: Reason
    step: int
    path: str | None
    steps: int
    tokens: int
    samples: int
    seconds: float
    final_loss: float
    validation_loss: float | None
    mean_step_time: float
    tokens_per_second: float
    mfu: float
    checkpoints: int
    checkpoint_bytes: int
    restarts: int
