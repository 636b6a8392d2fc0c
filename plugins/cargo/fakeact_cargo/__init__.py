"""Pretend to build a Rust workspace with cargo."""

from fakeact import Module, hookimpl
from fakeact_cargo.show import build


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("cargo", "cargo build --release", build)]
