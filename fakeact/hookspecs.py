"""Every hook there is. A plugin implements those it wants, marked with ``fakeact.hookimpl``."""

from collections.abc import Iterable

import pluggy

from fakeact.module import Module

hookspec = pluggy.HookspecMarker("fakeact")


@hookspec
def fakeact_modules() -> Iterable[Module]:
    """Give the modules that the plugin offers. Called once, before any show; it must do no work.

    ::

        from random import Random

        from fakeact import IO, Module, hookimpl


        async def nap(io: IO, rng: Random) -> None:
            await io.print("zzz")
            await io.csleep(2000)


        @hookimpl
        def fakeact_modules() -> list[Module]:
            return [Module("nap", "sleep 8h", nap)]
    """
    raise NotImplementedError


@hookspec
def fakeact_show_started(module: Module, seed: str) -> None:
    """Observe that a module begins to play, with the seed of its dice.

    ::

        from fakeact import Module, hookimpl

        played: list[str] = []


        @hookimpl
        def fakeact_show_started(module: Module, seed: str) -> None:
            played.append(f"{module.name} with seed {seed}")
    """


@hookspec
def fakeact_show_finished(module: Module, error: Exception | None) -> None:
    """Observe that a module has ended, by itself, because the show is over, or with an error.

    ::

        from fakeact import Module, hookimpl

        failures: list[str] = []


        @hookimpl
        def fakeact_show_finished(module: Module, error: Exception | None) -> None:
            if error is not None:
                failures.append(module.name)
    """
