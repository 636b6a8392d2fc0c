"""Which stage a stream is."""

import os
from collections.abc import Mapping
from typing import TextIO

from fakeact.stages import Stage
from fakeact.stages.colour import Depth, choose_depth
from fakeact.stages.plain import PlainStage
from fakeact.stages.terminal import Abilities, TerminalStage


def open_stage(stream: TextIO, color: str, env: Mapping[str, str], saver: bool = False) -> Stage:
    """The stage for a stream: motion only on a terminal that has a cursor, colour as wanted and possible."""
    tty, term = stream.isatty(), env.get("TERM", "")
    depth = choose_depth(color, env, tty)
    size = (_size(env, "COLUMNS", 80), _size(env, "LINES", 24))
    if not tty or term == "dumb":
        return PlainStage(stream, depth, size)
    if os.name == "nt":
        import colorama

        colorama.just_fix_windows_console()
    old = term.startswith(("vt1", "vt2"))
    if old and color == "auto":
        depth = Depth.NONE
    return TerminalStage(stream, Abilities(depth, size, modes=not old), saver)


def _size(env: Mapping[str, str], name: str, otherwise: int) -> int:
    text = env.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10_000 else otherwise
