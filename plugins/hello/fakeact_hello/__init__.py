"""Pretend to greet a fleet of servers."""

import random
from dataclasses import dataclass
from typing import Annotated

from fakeact import IO, Module, hookimpl
from fakeact.style import bold, green
from fakeact.widgets import bar


@dataclass
class Fleet:
    """Hosts that are greeted one after the other: what is on screen is read from here."""

    hosts: int
    greeted: int = 0
    waited: float = 0.0
    """Seconds until they had answered, all together."""

    def reach(self, rng: random.Random) -> tuple[str, float]:
        """The next host's name, and the seconds until it will answer."""
        return f"node-{self.greeted + 1:02}.rack{rng.randint(1, 9)}.example", rng.uniform(0.1, 0.9)

    def answered(self, seconds: float) -> None:
        """Count a host that has answered after so many seconds."""
        self.greeted += 1
        self.waited += seconds

    @property
    def seconds_left(self) -> float:
        """What the rest will take if it goes on like this."""
        return self.waited / self.greeted * (self.hosts - self.greeted)


def progress(fleet: Fleet, width: int) -> str:
    """A bar, and what there is to say about it."""
    facts = f"{fleet.greeted}/{fleet.hosts} hosts, {fleet.seconds_left:.0f} s left"
    return f"{bar(fleet.greeted / fleet.hosts, min(30, width - 24))} {facts}"


async def greet(io: IO, rng: random.Random, *, hosts: Annotated[int, range(1, 1001)] = 12) -> None:
    """Greet a fleet of servers, one after the other."""
    fleet = Fleet(hosts)
    async with io.live() as live:
        while fleet.greeted < fleet.hosts:
            name, seconds = fleet.reach(rng)
            await io.print(f"{name}: ", end="")
            await io.csleep(1000 * seconds)
            fleet.answered(seconds)
            await io.print(green("hello"))
            await live.show("", progress(fleet, io.width))
    await io.print(f"{fleet.greeted} of {fleet.hosts} answered in {fleet.waited:.1f} s.")
    await io.print(bold("All hosts greeted."))
    await io.csleep(2000)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("hello", "./greet.sh --all", greet)]
