"""Pretend to look at a machine's memory as it comes in."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


async def dump(
    io: IO,
    rng: random.Random,
    *,
    image: Literal["any", "process", "firmware"] = "any",
    size: Annotated[int, range(24, 4097)] = 64,
    rate: Annotated[int, range(64, 1_000_001)] = 640,
) -> None:
    """Show a crashed process's or a device's memory in hexadecimal as it comes in."""
    from fakeact_memdump.hexdump import Hexdump
    from fakeact_memdump.images import IMAGES
    from fakeact_memdump.sender import arrivals

    build = IMAGES[rng.choice(list(IMAGES)) if image == "any" else image]
    memory = build(rng, size << 10, io.now())
    hexdump = Hexdump()
    await io.csleep(rng.uniform(300, 900))  # nobody has called yet
    for wait, data in arrivals(memory, rate, rng):
        await io.csleep(wait * 1000)
        for line in hexdump.feed(data):
            await io.print(line)
    for line in hexdump.end():
        await io.print(line)
    await io.csleep(2500)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("memdump", "nc -l 9000 | hexdump -C", dump)]
