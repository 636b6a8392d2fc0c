"""The command line: what can be said, and what was said."""

import argparse
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from fakeact import __version__
from fakeact.errors import UsageError
from fakeact.hints import suggestion
from fakeact.integrations import SNIPPETS
from fakeact.settings import Settings, resolve
from fakeact.units import parse_duration

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = ("bash", "zsh", "fish", "powershell", "tcsh")
RECORD_FORMATS = ("v2", "v3", "svg", "txt", "html")
SIZES = (range(10, 1001), range(4, 501))
"""Columns and rows of a terminal that is worth recording."""
SPEEDS = (0.01, 1_000_000.0)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line that helps."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; '{self.prog} --help' lists what there is")

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse all arguments; raises UsageError for what can't be understood."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            hint = suggestion(unknown[0].partition("=")[0], list(self._option_string_actions))
            what = "option" if unknown[0].startswith("-") else "argument"
            self.error(f"no {what} {unknown[0]!r}{hint}")
        return options


def parser() -> Parser:
    """Everything that can be said on the command line."""
    p = Parser(
        prog="fakeact",
        description="A terminal that looks busy with work that is not happening.",
        epilog="Without -m, all modules play in random order until you press Ctrl-C.",
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34, width=100),
        add_help=False,
    )
    _add_choice(p.add_argument_group("what is played"))
    _add_pace(p.add_argument_group("how fast, and how long"))
    _add_look(p.add_argument_group("how it looks"))
    _add_kept(p.add_argument_group("kept and shared"))
    _add_printed(p.add_argument_group("printed instead of played"))
    return p


def _add_choice(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-m", "--modules", action="append", type=_names, metavar="NAME",
        help="play only these; repeatable, commas too")  # fmt: skip
    add("-x", "--exclude", action="append", type=_names, metavar="NAME",
        help="play all but these; repeatable, commas too")  # fmt: skip
    add("-o", "--option", action="append", type=_option, metavar="[MODULE.]KEY=VALUE",
        help="set an option of a module ('-l' shows which there are)")  # fmt: skip
    add("--seed", type=int, metavar="N", help="play the show that belongs to this number")
    add("--plugin", action="append", type=_file, metavar="FILE",
        help="play the modules of a Python file that holds a hook; it is run as code")  # fmt: skip
    add("--drop-ins", action=argparse.BooleanOptionalAction,
        help="load the modules/*.py beside the configuration file; they are run as code")  # fmt: skip
    add("--no-plugin", action="append", type=_names, metavar="NAME",
        help="do not load this plugin")  # fmt: skip


def _add_pace(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-s", "--speed-factor", type=_speed, metavar="F",
        help="play this many times as fast (0.01 to 1000000)")  # fmt: skip
    add("-i", "--instant-print-lines", type=_count, metavar="N",
        help="print this many lines at once, then go on at normal pace")  # fmt: skip
    add("--exit-after-time", type=_duration, metavar="DURATION",
        help="end after so long: 90s, 1m30s, 1.5h, 2h10min")  # fmt: skip
    add("--exit-after-modules", type=_positive, metavar="N", help="end after so many modules have played")
    add("--max-module-time", type=_duration, metavar="DURATION", help="play each module no longer than this")


def _add_look(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--color", choices=("auto", "always", "never"), metavar="WHEN",
        help="auto (the default), always or never")  # fmt: skip
    add("--no-color", action="store_const", const="never", dest="color", help="the same as --color=never")
    add("--screensaver", action="store_true",
        help="play on a screen of its own until a key is pressed; no lock")  # fmt: skip
    add("--prompt", action=argparse.BooleanOptionalAction,
        help="type each module's command at a shell prompt first; on in a screensaver")  # fmt: skip
    add("--title", action=argparse.BooleanOptionalAction, help="show the command in the window's title")
    add("--inhibit", action=argparse.BooleanOptionalAction, help="keep the machine awake meanwhile")


def _add_kept(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--record", metavar="FILE",
        help="write the show to a .cast, .svg, .txt or .html instead, as fast as it can be computed; - is "
        "standard output; needs --exit-after-time or --exit-after-modules")  # fmt: skip
    add("--record-format", choices=RECORD_FORMATS, metavar="FORMAT",
        help=f"whatever the file's name says: {', '.join(RECORD_FORMATS)} (v2 and v3 are asciicasts)")  # fmt: skip
    add("--size", type=_size, metavar="COLSxROWS", help="the recorded terminal's size (80x24)")
    add("--force", action="store_true", help="write over files that are there already")
    add("--share-line", action="store_true", help="in the end, print the command that plays this show again")


def _add_printed(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-l", "--list-modules", action="store_true", help="list the modules and what they pretend to be")
    add("--plugins", action="store_true", help="list the plugins: versions, modules, hooks, what was left out and why")
    add("--json", action="store_true", help="with -l or --plugins: as JSON")
    add("--check", metavar="NAME", help="hold a module to the rules for modules, and report")
    add("--new-plugin", nargs="+", metavar=("NAME", "DIR"), help="write a small complete plugin project (below DIR)")
    add("--how-to-install", metavar="NAME", help="print the command that installs a plugin into this environment")
    add("--show-config", action="store_true", help="print the settings that hold, and where they come from")
    add("--print-integration", metavar="HOST", choices=tuple(SNIPPETS), help=f"how to set up: {', '.join(SNIPPETS)}")
    add("--print-completions", metavar="SHELL", choices=SHELLS, help=f"completions for {', '.join(SHELLS)}")
    add("--print-manpage", action="store_true", help="print the manual page")
    add("-h", "--help", action="help", help="show this and exit")
    add("-V", "--version", action="version", version=f"fakeact {__version__}", help="show the version and exit")


def _file(text: str) -> "list[Path]":
    from pathlib import Path

    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return [path]


def _option(text: str) -> list[str]:
    return [text]


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("a name is missing")
    return names


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.lower().partition("x")
    size = tuple(int(part) if part.isascii() and part.isdigit() else -1 for part in (columns, rows))
    if not all(part in possible for part, possible in zip(size, SIZES, strict=True)):
        raise argparse.ArgumentTypeError(f"{text}: write COLUMNSxROWS, 10x4 to 1000x500")
    return size[0], size[1]


def _speed(text: str) -> float:
    value = _number(float, text)
    if not SPEEDS[0] <= value <= SPEEDS[1]:
        raise argparse.ArgumentTypeError(f"{text}: possible is a number from 0.01 to 1000000")
    return value


def _count(text: str) -> int:
    value = _number(int, text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text}: possible is a whole number, 0 or more")
    return int(value)


def _positive(text: str) -> int:
    value = _number(int, text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: possible is a whole number, 1 or more")
    return int(value)


def _number(kind: type[int] | type[float], text: str) -> float:
    try:
        value = kind(text)
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        what = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return value


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


SETTINGS = (
    *(
        "modules",
        "exclude",
        "option",
        "seed",
        "plugin",
        "no_plugin",
        "speed_factor",
        "instant_print_lines",
        "exit_after_time",
    ),
    *("exit_after_modules", "max_module_time", "color", "drop_ins", "screensaver", "prompt", "title", "inhibit"),
)
"""What can also be set by a variable or in the configuration file."""
DEFAULTS: dict[str, Any] = {"speed_factor": 1.0, "instant_print_lines": 0, "color": "auto", "screensaver": False}
SAVER_DEFAULTS: dict[str, Any] = {"prompt": True, "max_module_time": 180.0}
"""What is different in a screensaver, unless it is asked for otherwise."""


def parse(arguments: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """What holds, from the command line, the environment and the configuration file; raises UsageError."""
    understood = parser()
    said = understood.parse(sys.argv[1:] if arguments is None else arguments)
    said.screensaver = said.screensaver or None
    actions = {action.dest: action for action in understood._actions if action.dest in SETTINGS}  # noqa: SLF001
    actions["color"] = next(a for a in understood._actions if "--color" in a.option_strings)  # noqa: SLF001
    defaults = {**DEFAULTS, **(SAVER_DEFAULTS if said.screensaver else {})}
    settings = resolve(said, actions, os.environ if env is None else env, defaults)
    for name in ("modules", "exclude", "plugin", "no_plugin", "option"):
        parts = settings.values[name] or []
        settings.values[name] = [item for part in parts for item in (part if isinstance(part, list) else [part])]
    for name in (
        "list_modules",
        "plugins",
        "json",
        "check",
        "how_to_install",
        "new_plugin",
        "show_config",
        "print_integration",
        "print_completions",
        "print_manpage",
        "record",
        "record_format",
        "size",
        "force",
        "share_line",
    ):
        settings.values[name] = getattr(said, name)
    return settings
