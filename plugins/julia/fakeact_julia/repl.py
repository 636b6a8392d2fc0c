"""A person at Julia's prompts: what is typed, and how fast."""

import random

from fakeact import IO
from fakeact.style import Style, blue, bold, green

JULIA = "julia> "


class Repl:
    """The prompt that is open, and whoever types there."""

    def __init__(self, io: IO, rng: random.Random, package_prompt: str) -> None:
        self._io, self._rng, self._package_prompt = io, rng, package_prompt
        self._packages = False
        self._pace = rng.uniform(0.8, 1.3)

    async def package_mode(self) -> None:
        """Press `]`: the prompt is another one, in the same place."""
        await self._switch(packages=True)

    async def julia_mode(self) -> None:
        """Press backspace."""
        await self._switch(packages=False)

    async def _switch(self, *, packages: bool) -> None:
        if self._packages != packages:
            await self._wait(500, 1500)
            self._packages = packages
            await self._io.erase_line()
            await self._prompt()

    async def open(self) -> None:
        """Show the prompt."""
        await self._prompt()

    async def _prompt(self) -> None:
        text, colour = (self._package_prompt, blue) if self._packages else (JULIA, green)
        await self._io.print(_prompt(text, colour), end="")

    async def type(self, text: str, lead: float = 1.0) -> None:
        """Type a line and press Enter; *lead* stretches the time to think before."""
        await self._wait(500 * lead, 1600 * lead)
        for key in text:
            await self._io.print(key, end="")
            await self._io.csleep(self._pause(key))
        await self._wait(150, 600)
        await self._io.newline()

    async def close(self) -> None:
        """Press Ctrl-D."""
        await self._wait(900, 2200)
        await self._io.newline()

    def _pause(self, key: str) -> float:
        slow = 2.2 if key in " ([,|>" else 1.5 if key.isupper() else 1.0
        return self._rng.lognormvariate(4.55, 0.45) * slow * self._pace

    async def _wait(self, least: float, most: float) -> None:
        await self._io.csleep(self._rng.uniform(least, most) * self._pace)


def _prompt(text: str, colour: Style) -> str:
    return bold(colour(text))
