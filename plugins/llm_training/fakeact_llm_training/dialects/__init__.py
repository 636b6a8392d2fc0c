"""How a framework tells of a run: one dialect a framework."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.base import Dialect

NAMES = ("pytorch", "torchtitan", "hf", "deepspeed", "nemo", "megatron")
"""The dialects there are; each is a module of this package with a class ``Speaker``."""


def path(name: str) -> str:
    """The module that a dialect is in."""
    return f"{__name__}.{name}"


def load(name: str) -> "type[Dialect]":
    """The dialect of a name, imported only now."""
    speaker: type[Dialect] = import_module(path(name)).Speaker
    return speaker
