"""Pretend to greet a fleet of servers."""

import random
from typing import Annotated

from fakeact import IO, Module, hookimpl
from fakeact.style import bold, green
from fakeact.widgets import bar


async def greet(io: IO, rng: random.Random, *, hosts: Annotated[int, range(1, 1001)] = 12) -> None:
    """Greet a fleet of servers, one after the other."""
    async with io.live() as live:
        for done in range(1, hosts + 1):
            await io.print(f"node-{done:02}.rack{rng.randint(1, 9)}.example: ", end="")
            await io.csleep(rng.uniform(100, 900))
            await io.print(green("hello"))
            await live.show("", f"{bar(done / hosts, 30)} {done}/{hosts} hosts")
    await io.print(bold("All hosts greeted."))
    await io.csleep(2000)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("hello", "./greet.sh --all", greet)]
