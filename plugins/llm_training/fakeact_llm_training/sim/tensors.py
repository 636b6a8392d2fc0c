"""Tensors of a model as its published files name them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

BF16_BYTES = 2


class Tensor(NamedTuple):
    """A named array of weights in bf16."""

    name: str
    shape: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size on disk."""
        return self.parameters * BF16_BYTES


def linear(name: str, outputs: int, inputs: int, *, bias: bool = False) -> Iterator[Tensor]:
    """A matrix as torch stores it, outputs first, and its bias."""
    yield Tensor(f"{name}.weight", (outputs, inputs))
    if bias:
        yield Tensor(f"{name}.bias", (outputs,))


def conv1d(name: str, outputs: int, inputs: int) -> Iterator[Tensor]:
    """GPT-2's matrix, inputs first, as it came from TensorFlow."""
    yield Tensor(f"{name}.weight", (inputs, outputs))
    yield Tensor(f"{name}.bias", (outputs,))


def norm(name: str, width: int, *, bias: bool = False) -> Iterator[Tensor]:
    """A norm's scale, and its shift if it has one."""
    yield Tensor(f"{name}.weight", (width,))
    if bias:
        yield Tensor(f"{name}.bias", (width,))
