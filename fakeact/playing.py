"""fakeact for people who script it: play a show in this terminal, or record one."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TextIO

from fakeact import plugins
from fakeact.ending import Reason
from fakeact.errors import UsageError
from fakeact.hints import unknown
from fakeact.module import Module
from fakeact.options import choose_options
from fakeact.outputs import opened
from fakeact.recording import Recording, opening, recording_of, share
from fakeact.recording.take import take
from fakeact.runner import Observe, Programme
from fakeact.session import Session
from fakeact.signals import die
from fakeact.stages.colour import Depth
from fakeact.stages.opening import open_stage


@dataclass(frozen=True)
class Played:
    """A show that was played."""

    seed: int
    command: str
    """The command that plays it again."""
    seconds: float
    """Playing time."""
    ended: str
    """``finished`` by itself, ``stopped`` when the time was up or its reader had gone, or ``failed``."""
    errors: tuple[Exception, ...] = ()
    """What modules failed with."""


def play(
    *modules: str | Module,
    seed: int | None = None,
    seconds: float | None = None,
    count: int | None = None,
    speed: float = 1.0,
    options: Mapping[str, Any] | None = None,
    instant_lines: int = 0,
    prompt: bool = False,
    color: Literal["auto", "always", "never"] = "auto",
    stream: TextIO | None = None,
    overwrite: bool = False,
) -> Played:
    """Play modules on a stream (standard output), in random order until it is over; gives what was played.

    *modules* are names of installed ones, or :class:`fakeact.Module`; none of them means all. *seconds* of
    playing time or *count* modules bound it; one module alone plays once unless they say otherwise. *options*
    are the modules' own, as ``{"gpus": 64}`` or ``{"llm_training.gpus": 64}``. Without *seed* one is drawn.
    Files named in options are written over only with *overwrite*.

    Only the main thread can play, as signals are taken meanwhile. Ctrl-C raises KeyboardInterrupt once the
    terminal is as it was found; other signals end the process. Raises :class:`fakeact.errors.UsageError` for
    modules or options that do not exist.
    """
    programme = _programme(
        modules, seed=seed, seconds=seconds, count=count, options=options, lines=instant_lines, prompt=prompt
    )
    errors: list[Exception] = []

    def observe(what: str, **facts: Any) -> None:
        if what == "finished" and facts["error"]:
            errors.append(facts["error"])

    stage = open_stage(stream or sys.stdout, color, os.environ)
    with opened(programme.options, overwrite):
        session = Session(programme, stage, speed, observe, saver=False, debug=False)
        session.play()
    if session.over.reason is Reason.SIGNAL:
        if session.over.signal == signal.SIGINT:
            raise KeyboardInterrupt
        die(session.over.signal)
    ended = "failed" if session.all_broken else "stopped" if session.over else "finished"
    return Played(programme.seed, share.command(programme, speed), session.seconds, ended, tuple(errors))


def record(
    *modules: str | Module,
    seed: int | None = None,
    seconds: float | None = None,
    count: int | None = None,
    size: tuple[int, int] = (80, 24),
    speed: float = 1.0,
    options: Mapping[str, Any] | None = None,
    instant_lines: int = 0,
    prompt: bool = False,
    color: bool = True,
    started: datetime | None = None,
    title: str | None = None,
    overwrite: bool = False,
) -> Recording:
    """Play modules on virtual time, on a terminal in memory; gives the recording: ``record(...).save("a.svg")``.

    A minute takes as long as it takes to compute. The arguments are those of :func:`play`; *size* is columns
    and rows, *started* the show's first moment, by default drawn from the seed, never the machine's clock.
    Several modules need a bound. A module that fails does not raise here: see ``errors``.
    """
    programme = _programme(
        modules, seed=seed, seconds=seconds, count=count, options=options, lines=instant_lines, prompt=prompt
    )
    if programme.most_seconds is None and programme.most_modules is None:
        raise UsageError("a recording of several modules needs an end: say seconds or count")
    return record_programme(
        programme, size=size, speed=speed, color=color, started=started, title=title, overwrite=overwrite
    )


def record_programme(
    programme: Programme,
    *,
    size: tuple[int, int] = (80, 24),
    speed: float = 1.0,
    color: bool = True,
    started: datetime | None = None,
    title: str | None = None,
    command: str | None = None,
    overwrite: bool = False,
    observe: Observe = lambda _what, **_facts: None,
) -> Recording:
    """Record a programme that has an end."""
    first = started or opening(programme.seed)
    depth = Depth.TRUE if color else Depth.NONE
    with opened(programme.options, overwrite):
        kept = take(programme, first, size=size, speed=speed, depth=depth, observe=observe)
    names = ", ".join(module.name for module in programme.modules)
    return recording_of(
        kept,
        size,
        title or f"{names} (seed {programme.seed})",
        command or share.command(programme, speed),
        first,
    )


def drawn_seed() -> int:
    """A seed that nobody chose."""
    return int.from_bytes(os.urandom(4), "big")


def _programme(
    wanted: tuple[str | Module, ...],
    *,
    seed: int | None,
    seconds: float | None,
    count: int | None,
    options: Mapping[str, Any] | None,
    lines: int,
    prompt: bool,
) -> Programme:
    modules = _modules(wanted)
    alone = len(modules) == 1 and seconds is None and count is None
    return Programme(
        modules=list(modules.values()),
        seed=drawn_seed() if seed is None else seed,
        options=choose_options(modules, [f"{key}={share.typed(value)}" for key, value in (options or {}).items()]),
        most_modules=1 if alone else count,
        most_seconds=seconds,
        instant_lines=lines,
        prompt=prompt,
    )


def _modules(wanted: tuple[str | Module, ...]) -> dict[str, Module]:
    names = [name for name in wanted if isinstance(name, str)]
    given = {module.name: module for module in wanted if isinstance(module, Module)}
    found = plugins.discover(names).modules if names or not wanted else {}
    for name in names:
        if name not in found:
            raise UsageError(unknown("module", name, found))
    named = {name: found[name] for name in names or sorted(found)} if names or not wanted else {}
    return {**named, **given}
