"""Completions and the manual page, from the parser itself."""

import argparse

from fakeact.arguments import parser
from fakeact.errors import UsageError
from fakeact.options import options_of
from fakeact.plugins import Plugins


def completions(shell: str | None, found: Plugins) -> str:
    """A completion script for a shell, with the modules' names and their options' keys."""
    if not shell:
        return ""
    try:
        import shtab
    except ImportError:
        raise UsageError("--print-completions needs shtab: install 'fakeact[completions]'") from None
    understood = parser()
    settings = [f"{name}.{key}=" for name, module in found.modules.items() for key in options_of(module)]
    _offer(understood, "modules", sorted(found.modules))
    _offer(understood, "exclude", sorted(found.modules))
    _offer(understood, "option", sorted(settings))
    return str(shtab.complete(understood, shell)) + "\n"


def _offer(understood: argparse.ArgumentParser, name: str, words: list[str]) -> None:
    """Let an option's values be completed; the type that checks them would refuse a list of choices."""
    for action in understood._actions:  # noqa: SLF001 - argparse has no public way to its actions
        if action.dest == name:
            action.choices, action.type = words, None


def manpage() -> str:
    """The manual page, in roff."""
    try:
        from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise UsageError("--print-manpage needs argparse-manpage: install 'fakeact[completions]'") from None
    understood = parser()
    understood.formatter_class = argparse.HelpFormatter
    understood.man_short_description = "a terminal that looks busy"  # type: ignore[attr-defined]
    return str(Manpage(understood)) + "\n"
