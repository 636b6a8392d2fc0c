"""Which stage a stream is."""

import os
from collections.abc import Mapping
from typing import TextIO

from fakeact.stages import Stage
from fakeact.stages.colour import choose_depth
from fakeact.stages.plain import PlainStage
from fakeact.stages.terminal import TerminalStage


def open_stage(stream: TextIO, color: str, env: Mapping[str, str]) -> Stage:
    """The stage for a stream: motion only on a terminal that has a cursor, colour as wanted and possible."""
    tty = stream.isatty()
    depth = choose_depth(color, env, tty)
    fallback = (_size(env, "COLUMNS", 80), _size(env, "LINES", 24))
    if tty and env.get("TERM") != "dumb":
        if os.name == "nt":
            import colorama

            colorama.just_fix_windows_console()
        return TerminalStage(stream, depth, fallback)
    return PlainStage(stream, depth, fallback)


def _size(env: Mapping[str, str], name: str, otherwise: int) -> int:
    text = env.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10_000 else otherwise
