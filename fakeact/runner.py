"""Picks modules, gives each its dice, and plays until it is over."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from fakeact.clock import Clock
from fakeact.ending import Over, Reason
from fakeact.errors import ModuleError
from fakeact.exit import Exit
from fakeact.io import IO
from fakeact.module import Module
from fakeact.prompt import type_command
from fakeact.screen import Screen

LAST_TURNS = 100
"""Turns of the event loop a module gets for its ``finally`` blocks before it is cancelled and left."""


class Programme(NamedTuple):
    """What is to be played, and for how long. Durations are seconds of playing time."""

    modules: Sequence[Module]
    seed: int
    options: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    most_modules: int | None = None
    most_seconds: float | None = None
    module_seconds: float | None = None
    instant_lines: int = 0
    weights: Mapping[str, int] = MappingProxyType({})
    prompt: bool = False


Observe = Callable[..., object]


class Runner:
    """Plays a programme on a screen.

    *observe* is called as ``observe("started", module=..., seed=...)`` and
    ``observe("finished", module=..., error=...)``. *tidy* is called between two shows.
    """

    def __init__(
        self,
        programme: Programme,
        screen: Screen,
        clock: Clock,
        over: Over,
        observe: Observe | None = None,
        *,
        tidy: Callable[[], object] = lambda: None,
    ) -> None:
        self._programme, self._screen, self._clock, self._over = programme, screen, clock, over
        self._observe, self._tidy = observe or (lambda _what, **_facts: None), tidy
        self._broken: set[str] = set()
        self._ended = Over()
        self._blame: Exception | None = None

    async def play(self, started: datetime) -> None:
        """Play until over, or until no module is left that works. *started* is the show's first moment."""
        programme = self._programme
        self._clock.hurry = programme.instant_lines > 0
        self._over.listen(self._clock.catch_up)
        if programme.most_seconds is not None:
            self._clock.set_deadline(programme.most_seconds, self._over.end)
        for number, module in enumerate(self._order()):
            if self._over or number == programme.most_modules:
                break
            if number:
                self._tidy()
            began = self._clock.show
            await self._play_one(module, f"{programme.seed}/{number}", started)
            if self._clock.show == began and len(programme.modules) > len(self._broken):
                await self._breathe(started)
        self._screen.finish()

    def _order(self) -> Iterator[Module]:
        return shuffled(self._programme.modules, self._programme.seed, self._broken, self._programme.weights)

    @property
    def all_broken(self) -> bool:
        """True if every module failed, so that nothing could be played."""
        return len(self._broken) == len(self._programme.modules)

    def evict(self, error: Exception) -> None:
        """End the module that plays now, as failed with this error."""
        self._blame = error
        self._ended.end()

    async def _play_one(self, module: Module, seed: str, started: datetime) -> None:
        ended = self._ended = Over()
        self._blame = None

        def end() -> None:
            ended.end(self._over.reason or Reason.ASKED, self._over.signal)

        self._over.listen(end)
        if self._programme.module_seconds is not None:
            self._clock.set_deadline(self._programme.module_seconds, ended.end)
        io = IO(self._screen, self._clock, ended, started, self._programme.instant_lines)
        self._observe("started", module=module, seed=seed)
        error: Exception | None = None
        try:
            await self._until_ended(self._perform(module, io, seed), ended)
            if self._blame:
                raise self._blame
        except Exception as failure:
            error = failure
            self._broken.add(module.name)
        self._clock.drop_deadline(ended.end)
        self._over.forget(end)
        ended.end()
        await _sweep()
        self._screen.finish()
        self._observe("finished", module=module, error=error)

    async def _breathe(self, started: datetime) -> None:
        """Rest a second after a module that took no time: a show of nothing must not heat the room."""
        with contextlib.suppress(Exit):
            await IO(self._screen, self._clock, self._over, started).csleep(1000)

    async def _perform(self, module: Module, io: IO, seed: str) -> None:
        if self._programme.prompt:
            await type_command(io, random.Random(f"{seed}/prompt"), module.signature)
        try:
            await module.run(io, random.Random(seed), **self._options(module))
        except (Exception, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit, or one of its own: a module does not end the program
            raise ModuleError(f"{type(error).__name__} raised by the module: {error}") from error

    def _options(self, module: Module) -> Mapping[str, Any]:
        return self._programme.options.get(module.name, {})

    async def _until_ended(self, run: Any, ended: Over) -> None:
        """Wait for a module; once it is over it has a few turns left, then it is cancelled."""
        task = asyncio.ensure_future(run)
        told = asyncio.Event()
        ended.listen(told.set)
        waiting = asyncio.ensure_future(told.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await _turns(task)
        if not task.done():
            task.cancel()
            await _turns(task)
        waiting.cancel()
        if task.done() and not task.cancelled():
            task.result()


async def _turns(task: "asyncio.Task[Any]") -> None:
    for _ in range(LAST_TURNS):
        if task.done():
            return
        await asyncio.sleep(0)


async def _sweep() -> None:
    """Cancel the tasks a module has left behind."""
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
        await _turns(task)


def shuffled(
    modules: Sequence[Module], seed: int, broken: set[str], weights: Mapping[str, int] | None = None
) -> Iterator[Module]:
    """Modules for ever, each once before any comes again, none twice in a row; *broken* ones left out.

    One with a weight comes as many times in a round; with a weight of 0 never.
    """
    rng = random.Random(f"{seed}/order")
    weights = weights or {}
    last = ""
    while bag := [m for m in modules if m.name not in broken for _ in range(weights.get(m.name, 1))]:
        rng.shuffle(bag)
        while bag:
            others = [module for module in bag if module.name != last] or bag
            module = max(others, key=bag.count)  # the commonest first, or it would be left over to follow itself
            last = module.name
            bag.remove(module)
            yield module
