"""Pretend to build a Linux kernel."""

import random
from typing import Annotated

from fakeact import IO, Module, hookimpl


async def run(
    io: IO,
    rng: random.Random,
    *,
    jobs: Annotated[int, range(1, 513)] = 16,
    modules: Annotated[int, range(5001)] = 700,
) -> None:
    """Build a Linux kernel with so many jobs, and modules of up to so many source files."""
    from fakeact_kernel_compile.build import build
    from fakeact_kernel_compile.complaints import complaints
    from fakeact_kernel_compile.playing import play

    srctree = f"/usr/src/linux-7.2.{rng.randint(1, 13)}"
    building = build(rng, jobs=jobs, module_files=modules, srctree=srctree, complaints=complaints(rng))
    await play(io, rng, building, srctree)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("kernel_compile", "time make -j16", run)]
