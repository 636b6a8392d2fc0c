"""What rustc warns of, as Rust source with the places it would point at."""

import json
import random
from dataclasses import dataclass, field
from functools import cache
from string import Template
from typing import Any

from fakeact_cargo.catalogue import read, words


@dataclass(frozen=True)
class Mark:
    """A place that is underlined: line and column, both from 0, and how many characters."""

    row: int
    column: int
    length: int
    label: str


@dataclass(frozen=True)
class Diagnostic:
    """One warning about an item that begins at a line of a file."""

    path: str
    line: int
    """The line of the item's first row, from 1."""
    source: tuple[str, ...]
    title: str
    marks: tuple[Mark, ...]
    """In the order of their rows; the last is the one that the warning is about."""
    lint: str
    fixable: bool
    """Whether ``cargo fix`` would apply what is suggested."""
    first: bool
    """Whether it is the first of its lint in the crate, which says who switched it on."""
    help: str = ""
    note: str = ""
    suggestion: tuple[int, str, str] | None = None
    """Row, what to insert before its text, and why."""


@dataclass
class _File:
    """A source file as it fills up with items."""

    path: str
    rng: random.Random
    line: int = 1
    found: list[Diagnostic] = field(default_factory=list)

    def add(self, kind: dict[str, Any]) -> None:
        """Put the next item somewhere below the last one."""
        fill = _names(self.rng)
        source = tuple(Template(row).substitute(fill) for row in kind["source"])
        imports = kind["lint"] == "unused_imports"
        self.line += self.rng.randint(0, 3) if imports else self.rng.randint(5, 90)
        self.found.append(
            Diagnostic(
                self.path,
                self.line,
                source,
                Template(kind["title"]).substitute(fill),
                tuple(_mark(source, row, *(Template(text).substitute(fill) for text in texts))
                      for row, *texts in kind["marks"]),
                kind["lint"],
                kind["fixable"],
                first=all(other.lint != kind["lint"] for other in self.found),
                help=kind.get("help", ""),
                note=kind.get("note", ""),
                suggestion=tuple(kind["suggestion"]) if "suggestion" in kind else None,
            )
        )  # fmt: skip
        self.line += len(source)


def diagnostics(rng: random.Random, path: str) -> tuple[Diagnostic, ...]:
    """One to three warnings about a file, in the order in which rustc's passes find them."""
    kinds = rng.sample(_kinds(), rng.choice([1, 1, 2, 2, 3]))
    file = _File(path, rng)
    for kind in sorted(kinds, key=lambda kind: kind["phase"]):
        file.add(kind)
    return tuple(file.found)


def _names(rng: random.Random) -> dict[str, str]:
    """Names that differ from each other, as they stand in functions, types and constants."""
    noun, other = rng.sample(words()["nouns"], 2)
    verb = rng.choice(words()["verbs"])
    return {
        "noun": noun,
        "NOUN": noun.upper(),
        "other": other,
        "Other": other.capitalize(),
        "verb": verb,
        "Verb": verb.capitalize(),
    }


def _mark(source: tuple[str, ...], row: int, text: str, label: str) -> Mark:
    # A parameter may have the name of the function it stands in: the last one is meant.
    return Mark(row, source[row].rindex(text), len(text), label)


@cache
def _kinds() -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = json.loads(read("lints.json"))
    return kinds
