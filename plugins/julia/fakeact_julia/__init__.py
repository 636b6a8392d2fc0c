"""Pretend to update and add packages in a Julia session."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


def _kinds() -> list[str]:
    from fakeact_julia.catalogue import kinds

    return ["any", *kinds()]


async def session(
    io: IO,
    rng: random.Random,
    *,
    command: Literal["any", "add", "update"] = "any",
    kind: Annotated[str, _kinds] = "any",
    direct: Annotated[int, range(21)] = 0,
    threads: Annotated[int, range(1, 257)] = 8,
    bandwidth: Annotated[int, range(10_001)] = 0,
) -> None:
    """Update or add packages in a Julia session.

    *kind* is what the environment is about, *direct* how many packages it asks for itself, at least 3; 0 draws.
    *threads* are the machine's: one job more precompiles at once, but never more than 16. *bandwidth* is in
    MiB/s; 0 stands for one at which the downloads take half a minute or less.
    """
    from fakeact_julia.show import play_session

    await play_session(io, rng, command=command, kind=kind, direct=direct, threads=threads, bandwidth=bandwidth)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("julia", "julia", session)]
