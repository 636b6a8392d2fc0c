"""Pretend to follow the access log of a web server."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


async def follow(
    io: IO,
    rng: random.Random,
    *,
    site: Literal["any", "shop", "magazine", "forum", "tickets"] = "any",
    visitors: Annotated[int, range(1, 201)] = 6,
    duration: Annotated[int, range(90, 3601)] = 150,
    incident: Literal["any", "none", "scraper", "deployment", "memory"] = "any",
    times: bool = False,
    errors: bool = False,
) -> None:
    """Follow the access log of a web server that has a bad moment."""
    from fakeact_weblog import catalogue
    from fakeact_weblog.sim.incidents import INCIDENTS
    from fakeact_weblog.sim.traffic import Traffic
    from fakeact_weblog.tail import Tail

    kind = rng.choice(catalogue.SITES) if site == "any" else site
    trouble = rng.choice(list(INCIDENTS)) if incident == "any" else incident.replace("none", "")
    began = io.now().astimezone()
    when = rng.uniform(0.15, 0.25) * duration
    traffic = Traffic(kind, visitors, rng, trouble=trouble, when=when, today=began.date())
    tail = Tail(traffic.site.host, began, rng, times=times, errors=errors)
    for line in tail.last(traffic.advance(0.0)):
        await io.print(line)
    now = 0.0
    while now < duration:
        pause = min(max(traffic.next_at - now, 0.05), duration - now)
        await io.csleep(pause * 1000)
        now += pause
        for line in tail.lines(traffic.advance(now)):
            await io.print(line)
    async with io.live() as live:  # the terminal's echo, which is no part of what tail writes
        await live.show("^C")
        await io.csleep(2500)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("weblog", "tail -F /var/log/nginx/access.log", follow)]
