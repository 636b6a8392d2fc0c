"""The forms of Megatron's own lines, exact to the blank (NVIDIA/Megatron-LM, main of 2026)."""

from collections.abc import Iterator
from datetime import datetime

from fakeact_llm_training.dialects.megatron.figures import Memory, Theory
from fakeact_llm_training.dialects.megatron.interval import Interval
from fakeact_llm_training.sim.memory import MIB

GB = 10**9


def stamp(when: datetime) -> str:
    """A date and time as Megatron writes it, to the microsecond.

    >>> stamp(datetime(2026, 1, 30, 10, 45, 32))
    '2026-01-30 10:45:32.000000'
    """
    return f"{when:%Y-%m-%d %H:%M:%S.%f}"


def at(what: str, when: datetime) -> str:
    """A milestone; the blank at the end is Megatron's.

    >>> at("after training is done", datetime(2026, 1, 30, 10, 45, 32))
    '[after training is done] datetime: 2026-01-30 10:45:32.000000 '
    """
    return f"[{what}] datetime: {stamp(when)} "


def training(when: datetime, step: int, total: int, interval: Interval) -> str:
    """The line of an interval, said by the last rank; leading blank included."""
    line = f" [{stamp(when)}] iteration {step:8d}/{total:8d} |"
    line += f" consumed samples: {interval.consumed_samples:12d} |"
    line += f" elapsed time per iteration (ms): {interval.seconds_per_iteration * 1000:.1f} |"
    if (tflops := interval.tflops) is not None:
        line += f" throughput per GPU (TFLOP/s/GPU): {tflops:.1f} |"
    if (power := interval.power) is not None:
        line += f" energy per GPU (J/iter/GPU): {power * interval.seconds_per_iteration:.1f} |"
        line += f" power per GPU (W/GPU): {power:.1f} |"
    line += f" learning rate: {interval.learning_rate:.6E} |"
    line += f" global batch size: {interval.global_batch:5d} |"
    if (loss := interval.loss) is not None:
        line += f" lm loss: {loss:.6E} |"
    if balance := interval.balance:
        line += f" {balance[0]}: {balance[1]:.6E} |"
    line += f" loss scale: {interval.loss_scale:.1f} |"
    if interval.grad_norm is not None:
        line += f" grad norm: {interval.grad_norm:.3f} |"
    if (zeros := interval.zeros) is not None:
        line += f" num zeros: {zeros} |"
    if (weights := interval.params_norm) is not None:
        line += f" params norm: {weights:.3f} |"
    line += f" number of skipped iterations: {interval.skipped:3d} |"
    # Overflowing gradients do not make the loss itself infinite.
    return line + f" number of nan iterations: {0:3d} |"


def validation(prefix: str, loss: float, perplexity: float) -> list[str]:
    """A validation's result between its rules, one character longer than the text."""
    text = f" validation loss at {prefix} | lm loss value: {loss:.6E} | lm loss PPL: {perplexity:.6E} | "
    rule = "-" * (len(text) + 1)
    return [rule, text, rule]


def timers(seconds: dict[str, tuple[float, float]]) -> list[str]:
    """Timers over all ranks, least and most; names filled up with dots to 48 places.

    >>> timers({"evaluate": (1.9459, 1.9461)})[1]
    '    evaluate .......................................: (1945.90, 1946.10)'
    """
    rows = [
        f"    {(name + ' ').ljust(48, '.')}: ({least * 1000:.2f}, {most * 1000:.2f})"
        for name, (least, most) in seconds.items()
    ]
    return ["(min, max) time across ranks (ms):", *rows]


def spread(seconds: float, pid: int) -> tuple[float, float]:
    """The least and the most of a time that ranks measure between two barriers: they leave the second one apart.

    Some hundredths of a millisecond on any machine; which of them is chosen by process id and time, and nothing
    follows from it.
    """
    return max(seconds - (7 + (pid * 37 + round(seconds * 1e6)) % 89) * 1e-5, 0.0), seconds


def memory(rank: int, when: str, used: Memory) -> str:
    """A rank's report of torch's counters."""
    parts = {
        "allocated": used.allocated,
        "max allocated": used.most_allocated,
        "reserved": used.reserved,
        "max reserved": used.most_reserved,
    }
    figures = "".join(f" | {name}: {size / MIB:.2f}" for name, size in parts.items())
    return f"[Rank {rank}] ({when}) memory (MB){figures}"


def theory(expected: Theory, *, stages: int) -> Iterator[str]:
    """What rank 0 expects of memory; the last line brings an empty one along."""
    yield f"Number of parameters in transformer block in billions: {expected.block / GB: .2f}"
    yield f"Number of parameters in embedding layers in billions: {expected.embeddings / GB:.2f}"
    yield f"Total number of parameters in billions: {expected.total_parameters / GB:.2f}"
    yield f"Number of parameters in most loaded shard in billions: {expected.most_loaded / GB:.4f}"
    if stages > 1:
        yield f"Number of parameters in other shards in billions: {expected.other / GB:.4f}"
    per_layer = f"{expected.per_layer / MIB:.1f} MB"
    if expected.with_sequence_parallel:
        yield "compute_activation_memory with SP"
        yield f"Activation memory footprint per transformer layer: {per_layer}"
    else:
        yield "compute_activation_memory_without_sp"
        yield f"Activation memory footprint per transformer layer (precise, without SP): {per_layer}"
    if stages > 1:
        yield f"Number of in-flight microbatches: {expected.in_flight}"
    both = expected.states + expected.activations
    yield (
        f"Theoretical memory footprints: weight and optimizer={expected.states / MIB:.2f} MB, "
        f"activation={expected.activations / MIB:.2f} MB, total={both / MIB:.2f} MB"
    )
    yield ""
