"""``terraform apply``: lock, refresh, plan, question, apply, summary."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from random import Random
from typing import TypeAlias

from fakeact import IO, Exit
from fakeact_terraform.sim.catalogue import cloud as catalogue
from fakeact_terraform.sim.graph import Operation, apply_graph, refresh_graph
from fakeact_terraform.sim.story import Story, tell
from fakeact_terraform.sim.walk import Event, walk
from fakeact_terraform.views.approval import PROMPT, QUESTION
from fakeact_terraform.views.closing import summary
from fakeact_terraform.views.interrupted import NOT_APPROVED, halted, interrupted
from fakeact_terraform.views.plan import show
from fakeact_terraform.views.progress import Progress

Events: TypeAlias = list[Event[Operation]]
CLOUDS = ("aws", "azure", "google")
SHORTEST, LONGEST = 45_000, 170_000
"""Milliseconds that an apply takes in a show; what takes less or more is told anew, a few times."""
LOCK_THRESHOLD = 400
"""Milliseconds a lock may take before a word is said about it (clistate.LockThreshold)."""


async def plan_and_apply(
    io: IO, rng: Random, *, cloud: str, state: str, size: str, parallelism: int, approved: bool
) -> None:
    """Plan changes, have them *approved* if they are not yet, and apply them; "any" is drawn."""
    provider = catalogue(rng.choice(CLOUDS) if cloud == "any" else cloud)
    empty = rng.random() < 0.25 if state == "any" else state == "empty"
    story, events = _rehearsed(partial(tell, provider, size, empty, io.now(), rng), parallelism, rng)
    refreshed, applied = Progress(), Progress()
    await _heeding(io, _refresh(io, rng, story, parallelism, refreshed), lambda: halted(refreshed.running))
    for line in show(story.plan, io.width):
        await io.print(line)
    if not approved:
        await _heeding(io, _ask(io, rng, len(story.plan.changes)), lambda: NOT_APPROVED)
    await _heeding(io, _play(io, events, applied), lambda: halted(applied.running))
    await _lock(io, rng, "Releasing")
    for line in summary(*applied.counts, story.outputs):
        await io.print(line)
    await io.csleep(4000)


async def _heeding(io: IO, doing: Awaitable[None], errors: Callable[[], tuple[str, ...]]) -> None:
    """Do something; if Ctrl-C ends it, with Terraform's last words and the errors that it leaves."""
    try:
        await doing
    except Exit:
        if io.signal:
            for line in interrupted(errors(), io.width):
                await io.print(line)
        raise


async def _refresh(io: IO, rng: Random, story: Story, parallelism: int, progress: Progress) -> None:
    await _lock(io, rng, "Acquiring")
    await _play(io, walk(refresh_graph(story, rng), parallelism, rng), progress)
    await io.csleep(rng.uniform(300, 1200))


def _rehearsed(tell_one: Callable[[], Story], parallelism: int, rng: Random) -> tuple[Story, Events]:
    """A story whose apply is neither over at once nor too long to watch."""
    for _ in range(30):
        story = tell_one()
        events = list(walk(apply_graph(story, rng), parallelism, rng))
        if events and SHORTEST <= events[-1].at <= LONGEST:
            break
    return story, events


async def _lock(io: IO, rng: Random, doing: str) -> None:
    """Take the state's lock or give it back; only if that takes long something is said."""
    milliseconds = rng.uniform(200, 1800)
    await io.csleep(min(milliseconds, LOCK_THRESHOLD))
    if milliseconds > LOCK_THRESHOLD:
        await io.print(f"{doing} state lock. This may take a few moments...")
        await io.csleep(milliseconds - LOCK_THRESHOLD)


async def _play(io: IO, events: Iterable[Event[Operation]], progress: Progress) -> None:
    """Say what happens when it happens."""
    passed = 0
    for event in events:
        if event.at > passed:
            await io.csleep(event.at - passed)
            passed = event.at
        line = progress.line(event, io.now())
        if line:
            await io.print(line)


async def _ask(io: IO, rng: Random, changes: int) -> None:
    """The question, and somebody who reads the plan before typing the answer."""
    for line in QUESTION:
        await io.print(line)
    await io.print(PROMPT, end="")
    await io.csleep(rng.uniform(3000, 5000) + min(400 * changes, 8000))
    for key in "yes":
        await io.csleep(rng.uniform(80, 220))
        await io.print(key, end="")
    await io.csleep(rng.uniform(200, 900))
    await io.print("\n")
