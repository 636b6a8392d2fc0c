"""Choosing a build that is worth watching."""

import random
from datetime import UTC, datetime

from fakeact_docker_build.facts import RECIPES
from fakeact_docker_build.failing import fail
from fakeact_docker_build.project import draw
from fakeact_docker_build.solver import Solver
from fakeact_docker_build.vertex import Build

SHORTEST, LONGEST = 60.0, 225.0
"""Seconds of a build that somebody would wait for."""
_TRIES = 16
_SLOWER = 0.35
"""How much slower each machine is than the one before, until a build takes its time."""


def plan(
    rng: random.Random,
    recipe: str = "any",
    cache: str = "any",
    *,
    failing: bool = False,
    began: datetime = datetime(2026, 1, 30, tzinfo=UTC),
) -> Build:
    """A build of one to four minutes that begins then; where the wishes rule that out, the one that comes closest."""
    tried: list[Build] = []
    recipe = rng.choice(RECIPES) if recipe == "any" else recipe
    bandwidth = rng.uniform(9e6, 4e7)
    while len(tried) < _TRIES:
        slowness = 1 + _SLOWER * len(tried)
        solver = Solver(draw(rng, recipe, cache), rng, bandwidth / slowness, slowness, began)
        made = solver.solve()
        if failing:
            fail(made, solver.steps, rng, SHORTEST)
        tried.append(made)
        if SHORTEST <= made.ended <= LONGEST and bool(made.failure) == failing:
            return made
    return min(tried, key=lambda each: max(SHORTEST - each.ended, each.ended - LONGEST))
