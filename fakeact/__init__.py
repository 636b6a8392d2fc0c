"""Prank and screensaver shows in the terminal, made of plugins.

The public names are loaded when they are first used: the command line needs few of them at once.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeact.exit import Exit as Exit
    from fakeact.io import IO as IO
    from fakeact.module import Module as Module
    from fakeact.outputs import Output as Output
    from fakeact.playing import Played as Played
    from fakeact.playing import play as play
    from fakeact.playing import record as record
    from fakeact.plugins import API_VERSION as API_VERSION
    from fakeact.plugins import hookimpl as hookimpl
    from fakeact.recording import Recording as Recording

__version__ = "0.1.0"
__all__ = ["API_VERSION", "IO", "Exit", "Module", "Output", "Played", "Recording", "hookimpl", "play", "record"]

_HOMES = {
    "API_VERSION": "plugins",
    "IO": "io",
    "Exit": "exit",
    "Module": "module",
    "Output": "outputs",
    "Played": "playing",
    "Recording": "recording",
    "hookimpl": "plugins",
    "play": "playing",
    "record": "playing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
