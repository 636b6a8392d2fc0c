"""What is not core and listens through the hooks: the window's title, keeping the machine awake."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from fakeact import ansi
from fakeact.errors import PluginError
from fakeact.module import Module
from fakeact.plugins import hookimpl
from fakeact.settings import Settings
from fakeact.stages import Stage


class Observer(Protocol):
    """Listens until it is closed."""

    def close(self) -> None:
        """Stop listening and put everything back."""


def observers_for(chosen: Settings, stage: Stage, complain: Callable[[object], object]) -> Iterator[Observer]:
    """The observers that were asked for; one that can't be had costs a line."""
    if chosen.title:
        yield Title(stage)
    if chosen.inhibit:
        try:
            yield Inhibit(complain)
        except PluginError as error:
            complain(error)


class Title:
    """Shows the command that is pretended in the window's title, and puts the old one back."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._pushed = stage, False

    @hookimpl
    def fakeact_show_started(self, module: Module) -> None:
        """Set the title to what the module pretends to be."""
        if not self._stage.motion:
            return
        push = "" if self._pushed else ansi.PUSH_TITLE
        self._pushed = True
        self._stage.write(push + ansi.title(module.signature))

    def close(self) -> None:
        """Put the title back that was found."""
        if self._pushed:
            self._stage.write(ansi.POP_TITLE)


class Inhibit:
    """Keeps the machine awake while modules play, through wakepy."""

    def __init__(self, complain: Callable[[object], object]) -> None:
        try:
            from wakepy import keep
        except ImportError:
            raise PluginError("--inhibit needs wakepy: install 'fakeact[inhibit]'") from None

        def fail(_result: object) -> None:
            complain("this machine can't be kept awake")

        self._mode: Any = keep.presenting(on_fail=fail)
        self._active = False

    @hookimpl
    def fakeact_show_started(self) -> None:
        """Begin with the first module."""
        if not self._active:
            self._active = True
            self._mode.__enter__()

    def close(self) -> None:
        """Let it sleep again."""
        if self._active:
            self._mode.__exit__(None, None, None)
