"""Stills: everything that was printed, down to the last screen, as text or as a page."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from fakeact.recording.look import PLAIN, Look, runs
from fakeact.recording.theme import BACKGROUND, FOREGROUND

if TYPE_CHECKING:
    from fakeact.recording import Recording
    from fakeact.testing.screen import Cell

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 0; background: {paper}; color: {ink} }}
pre {{ margin: 1em; font: 14px/1.25 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace }}
{rules}</style>
</head>
<body>
<!-- {command} -->
<pre>{text}</pre>
</body>
</html>
"""


def text(recording: "Recording") -> str:
    """The scrollback and the last screen as plain text."""
    return "\n".join(recording.played(styled=False).lines) + "\n"


def html(recording: "Recording") -> str:
    """The scrollback and the last screen as a page in one file, in colour."""
    classes: dict[Look, str] = {}
    lines = [_line(row, classes) for row in recording.played(styled=True).styled_lines()]
    rules = "".join(f".{name} {{ {_rule(look)} }}\n" for look, name in classes.items())
    return _PAGE.format(
        title=escape(recording.title),
        # Two hyphens would end a comment in older parsers.
        command=escape(recording.command.replace("--", "-\u200b-")),
        paper=BACKGROUND,
        ink=FOREGROUND,
        rules=rules,
        text="\n".join(lines),
    )


def _line(row: "list[Cell]", classes: dict[Look, str]) -> str:
    return "".join(_span(run, look, classes) for run, look in runs(row))


def _span(run: str, look: Look, classes: dict[Look, str]) -> str:
    if look == PLAIN:
        return escape(run, quote=False)
    name = classes.setdefault(look, f"s{len(classes)}")
    return f'<span class="{name}">{escape(run, quote=False)}</span>'


def _rule(look: Look) -> str:
    return "; ".join(_declarations(look))


def _declarations(look: Look) -> Iterator[str]:
    if look.ink != FOREGROUND:
        yield f"color: {look.ink}"
    if look.paper:
        yield f"background: {look.paper}"
    if look.bold:
        yield "font-weight: bold"
    if look.dim:
        yield "opacity: 0.6"
    if look.italic:
        yield "font-style: italic"
    lines = [name for name, wanted in (("underline", look.underline), ("line-through", look.strike)) if wanted]
    if lines:
        yield f"text-decoration: {' '.join(lines)}"
