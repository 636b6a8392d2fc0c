"""Pretend to build a Rust workspace with cargo."""

import random
from typing import Annotated

from fakeact import IO, Module, hookimpl


async def build(
    io: IO,
    rng: random.Random,
    *,
    crates: Annotated[int, range(20, 501)] = 260,
    jobs: Annotated[int, range(1, 257)] = 8,
    warnings: bool = True,
    cached: bool = False,
) -> None:
    """Build a Rust workspace with all it depends on."""
    from fakeact_cargo.show import build_workspace

    await build_workspace(io, rng, crates, jobs, warnings=warnings, cached=cached)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("cargo", "cargo build --release", build)]
