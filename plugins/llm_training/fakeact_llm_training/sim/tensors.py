"""Tensors of a model as its published files name them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

BF16_BYTES = 2
# Matrices that tensor parallelism cuts along their inputs.
ROWWISE = ("o_proj", "out_proj", "down_proj", "c_proj", "dense_4h_to_h", "attention.dense")


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


def cut(tensor: Tensor, tp: int) -> Tensor:
    """A tensor on one of `tp` ranks: along its outputs, or along its inputs where these come in pieces; norms whole."""
    if len(tensor.shape) < 2:
        return tensor
    rows, columns = tensor.shape
    rowwise = any(name in tensor.name for name in ROWWISE)
    return Tensor(tensor.name, (rows, columns // tp) if rowwise else (rows // tp, columns))
