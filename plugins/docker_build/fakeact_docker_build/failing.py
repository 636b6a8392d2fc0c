"""How a build comes to nothing: one command fails, and what runs beside it is given up."""

import random
from typing import Any

from fakeact_docker_build.dockerfile import Instruction
from fakeact_docker_build.facts import facts
from fakeact_docker_build.vertex import CANCELED, Build, Failure, Log, Vertex


def fail(build: Build, steps: list[tuple[Vertex, Instruction]], rng: random.Random, not_before: float) -> None:
    """Let one of the steps fail, if there is one that could; a late one rather than an early one."""
    able = [(vertex, step, how) for vertex, step in steps if (how := _way(step.command))]
    if not able:
        return
    late = [each for each in able if each[0].completed > not_before]
    vertex, step, how = rng.choice(late or able)
    at = vertex.started + vertex.seconds * rng.uniform(0.5, 0.9)
    for other in build.vertices:
        if other is not vertex and other.started <= at < other.completed:
            other.stop(at + rng.uniform(0.001, 0.02), CANCELED)
        elif other.started > at:
            other.started = other.completed = float("inf")
    failure = Failure(vertex, step.command, how["code"], step.first, step.last)
    vertex.stop(at, failure.message)
    last = max([at - 0.05, *(log.at for log in vertex.logs)])
    vertex.logs += [Log(last, line) for line in _filled(how["lines"], vertex)]
    build.failure = failure
    build.ended = at + rng.uniform(0.05, 0.2)


def _filled(lines: list[str], vertex: Vertex) -> list[str]:
    """Lines with the figures that follow from what was written: pytest counts its dots, the last row's too."""
    written = [log.text for log in vertex.logs] + lines
    dots = sum(line.count(".") for line in written if line.startswith("."))
    seconds = f"{vertex.seconds - 1.2:.2f}"
    return [line.replace("@passed@", str(dots)).replace("@seconds@", seconds) for line in lines]


def _way(command: str) -> dict[str, Any] | None:
    """How a command fails, if that is known."""
    return next((how for words, how in facts("failures").items() if words in command), None)


def excerpt(text: str, first: int, last: int) -> list[str]:
    r"""The Dockerfile's lines around those that failed, as BuildKit prints a source range.

    >>> excerpt("FROM a\nRUN b\nRUN c", 2, 2)[2:-1]
    ['   1 |     FROM a', '   2 | >>> RUN b', '   3 |     RUN c']
    """
    lines = text.split("\n")
    start, end = first, last
    around, wanted = 0, 4 if first == last else 2
    while around < wanted:
        around += 1 + (start > 1) + (end < len(lines))
        start, end = max(start - 1, 1), min(end + 1, len(lines))
    marks = [">>>" if first <= number <= last else "   " for number in range(start, end + 1)]
    body = [f" {number:3} | {mark} {lines[number - 1]}" for number, mark in enumerate(marks, start)]
    return [f"Dockerfile:{first}", "-" * 20, *body, "-" * 20]
