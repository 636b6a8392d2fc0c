"""DeepSpeed's throughput timer, and the figures that a training script reckons from a step's time."""

from typing import TYPE_CHECKING

from fakeact_llm_training.sim.scenario import Scenario

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import StepDone

START_STEP = 2
"""Steps of a process that are not timed."""
EPSILON = 1e-6


class ThroughputTimer:
    """Counts the steps of this process, which need not be those of the run, and times them from the third on."""

    def __init__(self, scenario: Scenario) -> None:
        self._batch, self._micro_batches = scenario.global_batch, scenario.grad_accum
        self.epoch = self.micro_steps = self.steps = 0
        self._elapsed = self._last = 0.0

    def next_epoch(self) -> None:
        """The script says that an epoch is over."""
        self.epoch += 1
        self.micro_steps = 0

    def step(self, seconds: float) -> None:
        """A step was done in so many seconds."""
        if self.steps >= START_STEP:
            self._elapsed += seconds
        self._last = seconds
        self.micro_steps += self._micro_batches
        self.steps += 1

    def line(self, allocated_gib: float, peak_gib: float) -> str:
        """What is logged: samples a second over all timed steps and in the last one, memory in GiB."""
        average = self._batch / (self._elapsed / (self.steps - START_STEP))
        return (
            f"epoch={self.epoch}/micro_step={self.micro_steps}/global_step={self.steps}, "
            f"RunningAvgSamplesPerSec={average}, CurrSamplesPerSec={self._batch / (self._last + EPSILON)}, "
            f"MemAllocated={round(allocated_gib, 2)}GB, MaxMemAllocated={round(peak_gib, 2)}GB"
        )


def script_tflops(scenario: Scenario, seconds: float) -> float:
    """TFLOP/s per GPU as many scripts reckon it: the formula of Megatron's paper (arXiv 2104.04473).

    It takes a dense model whose MLP is four times as wide as its hidden size, with 8/3 as wide a gated one, and
    counts a forward pass more where all activations are recomputed.
    """
    model, length = scenario.model, scenario.sequence_length
    passes = 4 if scenario.layout.recompute == "full" else 3
    blocks = 24 * passes * scenario.global_batch * length * model.layers * model.hidden**2
    extra = 1 + length / (6 * model.hidden) + model.vocab / (16 * model.layers * model.hidden)
    return blocks * extra / (seconds * scenario.world_size * 1e12)


def described(scenario: Scenario) -> str:
    """What the script says of the run before the first step."""
    batch = f"{scenario.global_batch} = {scenario.micro_batch} x {scenario.grad_accum} x {scenario.dp}"
    return (
        f"{scenario.model.slug}: {scenario.parameters / 1e9:.3f} B parameters | batch {batch} | "
        f"sequence length {scenario.sequence_length} | {scenario.total_steps} steps"
    )


def step_line(scenario: Scenario, event: "StepDone", seconds: float) -> str:
    """What it says of a step that took so many seconds: the loss of all ranks, the norm as the engine gives it."""
    samples = scenario.global_batch / seconds
    return (
        f"epoch {event.epoch}/{scenario.epochs} step {event.step}/{scenario.total_steps} | loss {event.loss:.4f} | "
        f"grad norm {event.grad_norm:.3f} | {seconds:.3f} s/step | {samples:.2f} samples/s | "
        f"{samples * scenario.sequence_length:.0f} tokens/s | {script_tflops(scenario, seconds):.1f} TFLOP/s per GPU"
    )
