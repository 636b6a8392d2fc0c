"""What stands below a build's rows: the failed step's output, warnings, and the error in the end."""

from collections.abc import Iterator

from fakeact.style import yellow
from fakeact_docker_build.failing import excerpt
from fakeact_docker_build.plain import stamp
from fakeact_docker_build.vertex import Build, Failure

KEPT = 10
"""Lines of a failed step that the plain display still has; the other keeps all."""


def closing(build: Build, *, plain: bool) -> Iterator[str]:
    """The lines after the last row."""
    if build.failure:
        yield from _output(build.failure, plain)
    if build.warnings:
        plural = "" if len(build.warnings) == 1 else "s"
        yield ""
        yield " " + yellow(f"{len(build.warnings)} warning{plural} found (use docker --debug to expand):")
        yield from (f" - {warning}" for warning in build.warnings)
    if build.failure:
        yield from excerpt(build.dockerfile, build.failure.first, build.failure.last)
        yield f"ERROR: failed to build: failed to solve: {build.failure.message}"
    if build.canceled:
        yield "ERROR: failed to build: failed to solve: Canceled: context canceled"


def _output(failure: Failure, plain: bool) -> Iterator[str]:
    vertex = failure.vertex
    yield "------"
    yield f" > {vertex.name}:"
    for log in vertex.logs[-KEPT if plain else 0 :]:
        yield f"{stamp(log.at - vertex.started)} {log.text}"
    yield "------"
