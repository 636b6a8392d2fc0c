"""Pretend to build a container image with Docker."""

import random
from datetime import UTC
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


def _recipes() -> list[str]:
    from fakeact_docker_build.facts import RECIPES

    return ["any", *RECIPES]


async def build(
    io: IO,
    rng: random.Random,
    *,
    recipe: Annotated[str, _recipes] = "any",
    cache: Literal["any", "none", "dependencies", "source"] = "any",
    outcome: Literal["success", "failure"] = "success",
    progress: Literal["auto", "tty", "plain"] = "auto",
) -> None:
    """Build a container image, stage by stage."""
    from fakeact_docker_build.planning import plan
    from fakeact_docker_build.playing import play

    planned = plan(rng, recipe, cache, failing=outcome == "failure", began=io.now().astimezone(UTC))
    plain = progress == "plain" or (progress == "auto" and not io.motion)
    await play(io, rng, planned, plain=plain)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("docker_build", "docker build -t app .", build)]
