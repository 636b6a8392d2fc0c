"""Pretend to download a list of large files with wget2."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


async def fetch(
    io: IO,
    rng: random.Random,
    *,
    files: Annotated[int, range(1, 33)] = 9,
    topic: Literal["any", "genomes", "isos", "maps", "sources", "wikis"] = "any",
    threads: Annotated[int, range(1, 17)] = 5,
    link: Annotated[int, range(100_001)] = 0,
    trouble: Literal["none", "some", "much"] = "some",
) -> None:
    """Download files of a topic, so many at a time, through a link of so many Mbit/s.

    A link of 0 is as fast as it takes to be done in about two minutes.
    """
    from fakeact_download.show import fetch_all

    await fetch_all(io, rng, files=files, topic=topic, threads=threads, link=link, trouble=trouble)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    command = "until wget2 -ci urls.txt -T 10 -t 2; do sleep 5; done; sha256sum -c SHA256SUMS"
    return [Module("download", command, fetch)]
