"""Pretend to apply a Terraform configuration."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


async def apply(
    io: IO,
    rng: random.Random,
    *,
    cloud: Literal["any", "aws", "azure", "google"] = "any",
    state: Literal["any", "empty", "existing"] = "any",
    size: Literal["small", "medium", "large"] = "medium",
    parallelism: Annotated[int, range(1, 101)] = 10,
    auto_approve: bool = False,
) -> None:
    """Plan and apply changes to a made-up stack in one of three clouds."""
    from fakeact_terraform.show import plan_and_apply

    await plan_and_apply(io, rng, cloud=cloud, state=state, size=size, parallelism=parallelism, approved=auto_approve)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("terraform", "terraform apply", apply)]
