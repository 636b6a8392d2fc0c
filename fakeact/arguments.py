"""The command line: what can be said, and what was said."""

import argparse
import math
import sys
from collections.abc import Sequence
from typing import NoReturn

from fakeact import __version__
from fakeact.errors import UsageError
from fakeact.options import suggestion
from fakeact.units import parse_duration

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
    _add_rest(p.add_argument_group("other"))
    return p


def _add_choice(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-m", "--modules", action="append", type=_names, default=[], metavar="NAME",
        help="play only these; repeatable, commas too")  # fmt: skip
    add("-x", "--exclude", action="append", type=_names, default=[], metavar="NAME",
        help="play all but these; repeatable, commas too")  # fmt: skip
    add("-o", "--option", action="append", default=[], metavar="[MODULE.]KEY=VALUE",
        help="set an option of a module ('-l' shows which there are)")  # fmt: skip
    add("--seed", type=int, metavar="N", help="play the show that belongs to this number")
    add("--no-plugin", action="append", type=_names, default=[], metavar="NAME",
        help="do not load this plugin")  # fmt: skip


def _add_pace(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-s", "--speed-factor", type=_speed, default=1.0, metavar="F",
        help="play this many times as fast (0.01 to 1000000)")  # fmt: skip
    add("-i", "--instant-print-lines", type=_count, default=0, metavar="N",
        help="print this many lines at once, then go on at normal pace")  # fmt: skip
    add("--exit-after-time", type=_duration, metavar="DURATION",
        help="end after so long: 90s, 1m30s, 1.5h, 2h10min")  # fmt: skip
    add("--exit-after-modules", type=_positive, metavar="N", help="end after so many modules have played")
    add("--max-module-time", type=_duration, metavar="DURATION", help="play each module no longer than this")


def _add_look(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto (the default), always or never")  # fmt: skip
    add("--no-color", action="store_const", const="never", dest="color", help="the same as --color=never")


def _add_rest(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-l", "--list-modules", action="store_true", help="list the modules and what they pretend to be")
    add("--json", action="store_true", help="with -l: as JSON")
    add("-h", "--help", action="help", help="show this and exit")
    add(
        "-V",
        "--version",
        action="version",
        version=f"fakeact {__version__}",
        help="show the version and exit",
    )


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("a name is missing")
    return names


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


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What was said on the command line; raises UsageError."""
    options = parser().parse(sys.argv[1:] if arguments is None else arguments)
    for name in ("modules", "exclude", "no_plugin"):
        setattr(options, name, [item for items in getattr(options, name) for item in items])
    return options
