"""The Trainer's figures: what it logs while it trains, what it evaluates, and the block at the end."""

import struct
from collections.abc import Mapping

from fakeact.units import clock_time
from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.scenario import Scenario

Figures = Mapping[str, float]


def shown(figures: Figures) -> str:
    """Figures as `ProgressCallback` writes them from 5.0 on: floats as text with four significant digits.

    >>> shown({"loss": 2.34567, "learning_rate": 2.0454e-06, "epoch": 1.0})
    "{'loss': '2.346', 'learning_rate': '2.045e-06', 'epoch': '1'}"
    """
    return str({name: f"{value:.4g}" for name, value in figures.items() if name != "total_flos"})


def speed(split: str, seconds: float, samples: int, steps: int) -> dict[str, float]:
    """`speed_metrics`: seconds with four decimals, rates with three."""
    return {
        f"{split}_runtime": round(seconds, 4),
        f"{split}_samples_per_second": round(samples / seconds, 3),
        f"{split}_steps_per_second": round(steps / seconds, 3),
    }


def block(split: str, figures: Figures) -> list[str]:
    """`log_metrics`: names to the left, values to the right, in the names' order.

    >>> for line in block("train", {"epoch": 3.0, "train_loss": 1.23456, "train_runtime": 440.1234}):
    ...     print(line)
    ***** train metrics *****
      epoch         =        3.0
      train_loss    =     1.2346
      train_runtime = 0:07:20.12
    """
    texts = {name: _formatted(name, value) for name, value in sorted(figures.items())}
    left, right = (max(map(len, column)) for column in (texts, texts.values()))
    return [f"***** {split} metrics *****", *(f"  {name:<{left}} = {text:>{right}}" for name, text in texts.items())]


def _formatted(name: str, value: float) -> str:
    if name.endswith("_runtime"):
        return f"{clock_time(value)}.{int(value % 1 * 100):02d}"
    if name == "total_flos":
        return f"{int(value) >> 30}GF"
    return str(round(value, 4))


def total_flos(scenario: Scenario, steps: int) -> float:
    """FLOPs as the Trainer counts them: 6 for a token and parameter that is not in an embedding.

    Under ZeRO-3 a process finds only empty tensors to count.
    """
    counted = 0 if scenario.sharding == "ZeRO-3" else unembedded(scenario.model)
    return 6.0 * steps * scenario.tokens_per_step * counted


def unembedded(model: Model) -> int:
    """Parameters outside embeddings; a tied head is the embedding."""
    return total_parameters(model) - (model.vocab + model.learned_positions) * model.hidden


def single(value: float) -> float:
    """A value as it comes out of a float32 tensor.

    >>> single(1.2345678)
    1.2345677614212036
    """
    figure: float = struct.unpack("f", struct.pack("f", value))[0]
    return figure
