"""Blocks of a page that are generated from what they are about: sources, pictures, docstrings, public names.

A block stands between ``<!-- kind words ... -->`` and ``<!-- /kind -->``; the words say what it is made of.
"""

import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.excerpts import excerpt, same_form
from docs.reference import entry, public_names
from fakeact import Module, hookspecs
from fakeact.testing import perform

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"<!-- (\w+)([^>]*) -->\n(.*?)<!-- /\1 -->\n", re.S)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def source(words: list[str], _before: str) -> str:
    """A file of the project; the tutorial's reader calls it otherwise, because we have the name already."""
    path = ROOT / words[0]
    text = path.read_text().replace("fakeact_hello", "fakeact_hullo").replace('Module("hello"', 'Module("hullo"')
    language = "py" if "tests" in path.parts else "python"  # "py" is shown, but not run as a piece of the page
    return f"```{language}\n{text}```\n"


def shown(words: list[str], before: str) -> str:
    """What a show that the page has defined looks like at a moment."""
    settings = dict(word.split("=") for word in words[1:])
    run: Any = _defined(before)[words[0]]
    at, numbers = float(settings.pop("at")), {key: int(value) for key, value in settings.items()}
    played = perform(Module(words[0], "", run), seconds=at + 1, **{"seed": 1, **numbers})  # type: ignore[arg-type]
    if played.error:
        raise played.error
    return f"```text\n{played.at(at).text}\n```\n"


def _defined(before: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in _PYTHON.findall(before):
        if not re.search(r"^(async with|await) ", block, re.M):
            exec(block, names)  # noqa: S102 - our own pages
    return names


def members(words: list[str], _before: str) -> str:
    """A class's members, each with its signature and docstring."""
    module, _, name = words[0].rpartition(".")
    owner = getattr(importlib.import_module(module), name)
    how = words[1]
    return "\n".join(entry(f"{how}.", each, inspect.getattr_static(owner, each)) for each in words[2:])


def functions(words: list[str], _before: str) -> str:
    """Functions and classes of a package: those named, or all that are public."""
    package, *chosen = words
    module = importlib.import_module(package)
    every = chosen or [name for name in public_names()[package] if inspect.isfunction(getattr(module, name))]
    return "\n".join(entry("", name, getattr(module, name)) for name in every)


def hooks(_words: list[str], _before: str) -> str:
    """Every hook with its signature and docstring."""
    every = [(name, each) for name, each in vars(hookspecs).items() if name.startswith("fakeact_")]
    return "\n".join(entry("", name, each) for name, each in every)


def names(_words: list[str], _before: str) -> str:
    """The public names of each public package."""
    lines = [
        f"| `{package}` | {', '.join(f'`{name}`' for name in found)} |" for package, found in public_names().items()
    ]
    return "\n".join(["| from | names |", "|---|---|", *lines]) + "\n"


BLOCKS: dict[str, Callable[[list[str], str], str]] = {
    "source": source,
    "picture": shown,
    "members": members,
    "functions": functions,
    "hooks": hooks,
    "names": names,
    "excerpt": excerpt,
}


def filled(text: str) -> str:
    """A page with these blocks brought up to date; others are left as they are."""

    def block(match: re.Match[str]) -> str:
        if match[1] not in BLOCKS:
            return match[0]
        content = BLOCKS[match[1]](match[2].split(), text[: match.start()])
        if match[1] == "excerpt" and same_form(content, match[3]):
            content = match[3]
        return f"<!-- {match[1]}{match[2]} -->\n{content}<!-- /{match[1]} -->\n"

    # From the top, one by one: a picture may be of what another block has put above it.
    at = 0
    while found := _BLOCK.search(text, at):
        text = text[: found.start()] + block(found) + text[found.end() :]
        at = found.start() + len("<!--")
    return text
