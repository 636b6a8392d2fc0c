"""What has happened since the last line: Megatron reports means over the steps between."""

from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.megatron.figures import flops_per_token, learning_rate, vocabulary
from fakeact_llm_training.dialects.megatron.flags import flags, params_norm, zeros
from fakeact_llm_training.sim.routing import balance_loss
from fakeact_llm_training.sim.scenario import Scenario

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import StepDone


class Interval:
    """Sums over the steps of an interval; evaluations and checkpoints do not count."""

    def __init__(self, scenario: Scenario) -> None:
        model, padded = scenario.model, vocabulary(scenario.model, scenario.tp).padded
        flops = flops_per_token(model, scenario.sequence_length, padded) * scenario.tokens_per_step
        self._flops = flops / scenario.world_size
        self.global_batch = scenario.global_batch
        self._schedule, self._scenario = scenario.schedule, scenario
        self._seen_loss, self._flags = False, flags(scenario)
        self.power: float | None = None
        self.begin()
        self._last: StepDone | None = None

    def begin(self) -> None:
        """Start from nothing."""
        self._losses: list[float] = []
        self._balances: list[float] = []
        self._seconds = 0.0
        self.skipped = 0

    def add(self, step: "StepDone") -> None:
        """Count a step; in fp16 a skipped one takes its time and adds nothing else."""
        self._last = step
        self._seconds += step.step_time
        if step.skipped:
            self.skipped += 1
        else:
            self._losses.append(step.loss)
            if self._scenario.model.experts:
                self._balances.append(balance_loss(self._scenario, step.step, step.attempt))
            self._seen_loss = True

    @property
    def step(self) -> "StepDone":
        """The last one."""
        assert self._last
        return self._last

    @property
    def seconds_per_iteration(self) -> float:
        """The mean over all steps, skipped ones too."""
        return self._seconds / (len(self._losses) + self.skipped)

    @property
    def tflops(self) -> float | None:
        """TFLOP/s per GPU; None where nobody asked."""
        if not self._flags.throughput:
            return None
        return self._flops / self.seconds_per_iteration / 1e12

    @property
    def loss(self) -> float | None:
        """The mean of what was not skipped: 0 if all was, and no figure before the first that was not."""
        if not self._seen_loss:
            return None
        return sum(self._losses) / max(1, len(self._losses))

    @property
    def balance(self) -> tuple[str, float] | None:
        """Name and mean of the loss that keeps experts evenly loaded; none in a dense model."""
        experts = self._scenario.model.experts
        if not experts or not self._balances:
            return None
        name = "seq_load_balancing_loss" if experts.router_bias else "load_balancing_loss"
        return name, sum(self._balances) / len(self._balances)

    @property
    def consumed_samples(self) -> int:
        """Sequences of the whole run so far."""
        return self.step.consumed_samples

    @property
    def learning_rate(self) -> float:
        """The rate as the scheduler has it after the last step."""
        return learning_rate(self._schedule, self.step.step - self.step.skipped_steps)

    @property
    def zeros(self) -> float | None:
        """Elements of the last gradient that are 0, if somebody asked and it was used."""
        return zeros(self._scenario, self.step.step) if self._flags.zeros and not self.step.skipped else None

    @property
    def params_norm(self) -> float | None:
        """The weights' norm after the last step, if somebody asked."""
        updates = self.step.step - self.step.skipped_steps
        return params_norm(self._scenario, updates) if self._flags.params_norm else None

    @property
    def wants_power(self) -> bool:
        """Whether somebody asked for energy."""
        return self._flags.energy

    @property
    def loss_scale(self) -> float:
        """The scale for the next step; 1 where nothing is scaled."""
        return self.step.loss_scale or 1.0

    @property
    def grad_norm(self) -> float | None:
        """The last step's norm before clipping; none if that was skipped."""
        return None if self.step.skipped else self.step.grad_norm
