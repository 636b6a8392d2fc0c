"""What GNU make says at Ctrl-C: of each command that it stopped, and of each make above it."""

import random
from collections.abc import Iterator

from fakeact_kernel_compile.jobserver import Jobserver, Make, Recipe

WORDS = {1: "Hangup", 2: "Interrupt", 3: "Quit", 15: "Terminated"}
"""What a signal is called (strsignal)."""
_SUB_MAKE = "Makefile:260: __sub-make"
_COMPILER = "  CC      ", "  CC [M]  "
_COMPILED, _DIRECTORY = "scripts/Makefile.build:294", "scripts/Makefile.build:555"
_PHASES = {
    "#prepare": ("Makefile:1430", "prepare0"),
    "#tree": ("Makefile:2222", "."),
    "#link": ("Makefile:1392", "vmlinux"),
}
"""Where kbuild's rules stand in 7.2.13's makefiles, and what they make."""


def interrupted(building: Jobserver, srctree: str, signal: int, rng: random.Random) -> Iterator[str]:
    """The lines: a make's come when those below it have come, whose first is up to chance.

    Commands other than the compiler's are over before make looks.
    """
    left: set[tuple[str, ...]] = {(_SUB_MAKE,)}
    for make, recipe in building.running:
        if recipe.echo.startswith(_COMPILER) and (above := _above(make, srctree)):
            chain = (*above, f"{_COMPILED}: {recipe.echo.split()[-1]}")
            left |= {chain[:depth] for depth in range(1, len(chain) + 1)}
    while left:
        calling = {chain[:-1] for chain in left}
        chain = rng.choice(sorted(left - calling))
        left.remove(chain)
        yield f"make{f'[{len(chain) - 1}]' if chain[1:] else ''}: *** [{chain[-1]}] {WORDS[signal]}"


def _above(make: Make, srctree: str) -> list[str]:
    """The rules that called a make, the topmost first; none where a phase calls it whose rule is not known."""
    rules: list[str] = []
    while make.called_by:
        make, recipe = make.called_by
        rules.insert(0, _rule(recipe, srctree))
    return [_SUB_MAKE, *rules] if all(rules) else []


def _rule(recipe: Recipe, srctree: str) -> str:
    if not recipe.target.startswith("#"):
        return f"{_DIRECTORY}: {recipe.target}" if recipe.target else ""
    place, target = _PHASES.get(recipe.target, ("", ""))
    return f"{srctree}/{place}: {target}" if target else ""
