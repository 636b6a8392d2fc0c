"""Choosing versions: which package is decided when, as answers of the index come in."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from fakeact_uv.catalogue import Package, packages
from fakeact_uv.sim.project import Project
from fakeact_uv.sim.versions import newer

_PER_DECISION = 0.0008
"""Seconds the solver itself takes for one package: what a resolution with a warm cache shows."""

_PER_LOCKED = 35e-6, 80e-6
"""Seconds per package to check a lock file that is still right."""


@dataclass(frozen=True)
class Resolution:
    """The decisions, as seconds and `name==version`, and how many seconds it took in all."""

    decisions: tuple[tuple[float, str], ...]
    seconds: float

    def latest(self, seconds: float) -> str:
        """What was decided last by then; empty before the first."""
        return next((label for at, label in reversed(self.decisions) if at <= seconds), "")


def resolve(project: Project, latency: float, rng: random.Random) -> Resolution:
    """Resolve a project where the index mostly answers after some *latency* seconds."""
    if project.locked:
        return Resolution((), len(project.needed) * rng.uniform(*_PER_LOCKED))
    decisions = tuple(_decide(project, latency, rng))
    return Resolution(decisions, decisions[-1][0] + rng.uniform(0.004, 0.02))


def _decide(project: Project, latency: float, rng: random.Random) -> Iterator[tuple[float, str]]:
    """In the order packages were met; each waits for its metadata, asked for when it was first needed."""
    at = latency * rng.uniform(0.02, 0.1)
    yield at, f"{project.own.name}=={project.own.version}"
    known = {name: at + _answer(packages()[name], latency, rng) for name in project.direct}
    for package in (*project.needed, *project.elsewhere):
        at = max(at, known[package.name]) + _PER_DECISION * rng.expovariate(1)
        if not package.build and rng.random() < 0.04:
            # The newest release asks for something that another package rules out.
            yield at, f"{package.name}=={newer(package.version)}"
            at += _answer(package, latency, rng)
        yield at, f"{package.name}=={package.version}"
        for name in (*package.needs, *package.elsewhere):
            known.setdefault(name, at + _answer(packages()[name], latency, rng))


def _answer(package: Package, latency: float, rng: random.Random) -> float:
    """Seconds until metadata is there; where there is no wheel, a build backend has to say it."""
    return latency * rng.lognormvariate(0, 0.6) + (rng.uniform(0.6, 1.6) if package.build else 0.0)
