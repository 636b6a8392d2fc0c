"""torchtitan's lines of metrics, and how it measures: from line to line, checkpoints and all."""

from fakeact.style import blue, cyan, green, magenta, red, rgb, yellow
from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.scenario import Scenario

ORANGE, TURQUOISE = rgb(180, 60, 0), rgb(54, 234, 195)
# The dense bf16 peaks that torchtitan 0.3.0 has in its source, by a part of the device's name, in its order.
PEAKS = (
    ("A100", 312e12), ("H100", 989e12), ("H200", 989e12), ("GB200", 2.5e15), ("B200", 2.25e15), ("MI300X", 1300e12),
)  # fmt: skip
FALLBACK = 312e12


def peak_flops(device: str) -> float:
    """The peak in FLOP/s that torchtitan divides by; a device it does not know counts as an A100.

    >>> peak_flops("NVIDIA GB200"), peak_flops("NVIDIA GeForce RTX 4090")
    (2500000000000000.0, 312000000000000.0)
    """
    return next((peak for part, peak in PEAKS if part in device), FALLBACK)


def is_known(device: str) -> bool:
    """Whether torchtitan has a peak for this device."""
    return any(part in device for part, _ in PEAKS)


def flops_per_token(model: Model, sequence_length: int) -> int:
    """FLOPs of a token as torchtitan 0.3.0 counts: 6(P - embedding) + 12 * layers * heads * head dim * S.

    A tied embedding is the head's matrix as well, and counts.
    """
    matrices = total_parameters(model) - (0 if model.tied_embeddings else model.vocab * model.hidden)
    return 6 * matrices + 12 * model.layers * model.heads * model.head_dim * sequence_length


class Meter:
    """Tokens and time since the last line of metrics; times in seconds since the launch."""

    def __init__(self, scenario: Scenario) -> None:
        self._world, self._tokens, self._since = scenario.world_size, 0, 0.0

    def reset(self, at: float) -> None:
        """A line was printed, or metrics are set up."""
        self._tokens, self._since = 0, at

    def count(self, tokens: int) -> None:
        """The whole fleet has read so many tokens."""
        self._tokens += tokens

    def tokens_per_second(self, at: float) -> float:
        """Tokens per second and device since the last line."""
        return self._tokens / ((at - self._since) * self._world)


def memory(gib: float, share: float) -> str:
    """Most of reserved memory since the last line, in GiB and as a share of the device's."""
    return TURQUOISE(f"memory: {gib:5.2f}GiB({100 * share:.2f}%)  ")


def step_line(step: int, loss: float, grad_norm: float, reserved: str, speed: tuple[float, int, float]) -> str:
    """A step's line; `speed` is tokens a second on a device, FLOPs a token, and the device's peak in FLOP/s."""
    tps, flops, peak = speed
    return (
        red(f"step: {step:2}  ")
        + green(f"loss: {loss:8.5f}  ")
        + ORANGE(f"grad_norm: {grad_norm:7.4f}  ")
        + reserved
        + blue(f"tps: {round(tps):,}  ")
        + cyan(f"tflops: {flops * tps / 1e12:,.2f}  ")
        + magenta(f"mfu: {100 * flops * tps / peak:.2f}%")
    )


def validation_line(step: int, loss: float, reserved: str, tps: float) -> str:
    """A validation's line; the speed is that of the forward passes, and of whatever came before them."""
    return (
        yellow(f"validate step: {step:2}  ") + green(f"loss: {loss:7.4f}  ") + reserved + blue(f"tps: {round(tps):,}")
    )
