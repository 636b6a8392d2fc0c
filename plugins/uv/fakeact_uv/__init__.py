"""Pretend to sync a Python project with uv."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


def _kinds() -> list[str]:
    from fakeact_uv.catalogue import kinds

    return ["any", *kinds()]


async def sync(
    io: IO,
    rng: random.Random,
    *,
    kind: Annotated[str, _kinds] = "any",
    environment: Literal["any", "new", "outdated"] = "any",
    bandwidth: Annotated[int, range(10_001)] = 0,
) -> None:
    """Sync a Python project with uv.

    *kind* is what the project is about. A *new* environment gets everything, an *outdated* one an upgrade.
    *bandwidth* is in MiB/s; 0 stands for one at which the downloads take a minute or two.
    """
    from fakeact_uv.show import sync_project

    await sync_project(io, rng, kind, environment, bandwidth)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("uv", "uv sync", sync)]
