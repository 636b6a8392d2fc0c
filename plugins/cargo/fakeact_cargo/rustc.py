"""How rustc draws a warning: a few rows of source, underlined, with a margin for line numbers."""

from collections.abc import Iterator

from fakeact.style import bold, bright_blue, bright_cyan, bright_green, yellow
from fakeact_cargo.lints import Diagnostic, Mark

NEAR = 2
"""Rows farther apart than this are shown with an ellipsis between them."""


def drawn(found: Diagnostic) -> str:
    """The whole warning, with the blank line below it."""
    about = found.marks[-1]
    margin = len(str(found.line + about.row))
    bar = " " * (margin + 1) + _blue("|")
    where = f"{found.path}:{found.line + about.row}:{about.column + 1}"
    lines = [bold(yellow("warning")) + bold(f": {found.title}"), " " * margin + _blue("--> ") + where, bar]
    lines += _snippet(found, margin, bar)
    remarks = list(_remarks(found))
    if remarks:
        lines += [bar, *(" " * (margin + 1) + _blue("= ") + remark for remark in remarks)]
    return "\n".join([*lines, *_suggestion(found, margin, bar), ""])


def _snippet(found: Diagnostic, margin: int, bar: str) -> Iterator[str]:
    shown: int | None = None
    for mark in found.marks:
        if shown is not None and mark.row - shown > NEAR:
            yield _blue("...")
        elif shown is not None:
            yield from (_row(found, row, margin) for row in range(shown + 1, mark.row))
        yield _row(found, mark.row, margin)
        yield f"{bar} {_underline(mark, mark is found.marks[-1])}"
        shown = mark.row


def _row(found: Diagnostic, row: int, margin: int) -> str:
    return f"{_number(found.line + row, margin)} {_blue('|')} {found.source[row]}"


def _underline(mark: Mark, about: bool) -> str:
    def colour(text: str) -> str:
        return bold(yellow(text)) if about else _blue(text)

    label = f" {colour(mark.label)}" if mark.label else ""
    return " " * mark.column + colour("^-"[not about] * mark.length) + label


def _remarks(found: Diagnostic) -> Iterator[str]:
    if found.help:
        yield bold("help") + f": {found.help}"
    if found.note:
        yield bold("note") + f": {found.note}"
    if found.first:
        yield bold("note") + f": `#[warn({found.lint})]` (part of `#[warn(unused)]`) on by default"


def _suggestion(found: Diagnostic, margin: int, bar: str) -> Iterator[str]:
    """What to write instead, the new part in green."""
    if found.suggestion:
        row, new, why = found.suggestion
        text = found.source[row].lstrip()
        indent = " " * (len(found.source[row]) - len(text))
        yield bold(bright_cyan("help")) + f": {why}"
        yield bar
        yield f"{_number(found.line + row, margin)} {_blue('| ')}{indent}{bright_green(new)}{text}"
        yield f"{bar} {indent}{bright_green('+' * len(new.rstrip()))}"


def _number(line: int, margin: int) -> str:
    return _blue(str(line).ljust(margin))


def _blue(text: str) -> str:
    return bold(bright_blue(text))
