"""The entry points of one group, read where installers put them.

importlib.metadata tells the same and more, but loads a mail parser and a reader of zip files to do so:
a fifth of the time in which a show is to be there. It is still asked where a plugin may lie in a zip file.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import NamedTuple


class Entry(NamedTuple):
    """An entry point, and the distribution that has it; "?" where its metadata is gone."""

    name: str
    value: str
    distribution: str = "?"
    version: str = "?"

    def load(self) -> object:
        """Import what the entry point names: a module, or something in one."""
        module, _, path = self.value.partition("[")[0].replace(" ", "").partition(":")
        loaded: object = import_module(module)
        for name in filter(None, path.split(".")):
            loaded = getattr(loaded, name)
        return loaded


def entries(group: str, places: Sequence[str] | None = None) -> list[Entry]:
    """Entry points by name, of the distributions in *places*, by default Python's path.

    Those that a wheel inside another one shows twice are folded.
    """
    places = [place or "." for place in sys.path] if places is None else places
    known = _asked(group) if any(map(_packed, places)) else _read(group, places)
    folded = {(entry.name, entry.value): entry for entry in known}
    return [folded[key] for key in sorted(folded)]


def _packed(place: str) -> bool:
    return place.endswith(".egg") or os.path.isfile(place)


def _asked(group: str) -> Iterator[Entry]:
    from importlib.metadata import entry_points

    for entry in entry_points(group=group):
        who = (entry.dist.name or "?", entry.dist.version or "?") if entry.dist else ()
        yield Entry(entry.name, entry.value, *who)


def _read(group: str, places: Sequence[str]) -> Iterator[Entry]:
    """As Python does, let the first of two distributions of one name count."""
    seen = set()
    for place in places:
        for folder in _distributions(place):
            project = os.path.basename(folder).partition("-")[0].lower()
            if project not in seen:
                seen.add(project)
                yield from _entries_of(folder, group)


def _distributions(place: str) -> list[str]:
    try:
        names = os.listdir(place)
    except OSError:
        return []
    return [os.path.join(place, name) for name in names if name.endswith((".dist-info", ".egg-info"))]


def _entries_of(folder: str, group: str) -> Iterator[Entry]:
    inside = False
    who: tuple[str, ...] = ()
    for line in map(str.strip, _lines(folder, "entry_points.txt")):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and line[0] not in "#;":
            who = who or _headers(folder)
            name, _, value = line.partition("=")
            yield Entry(name.strip(), value.strip(), *who)


def _headers(folder: str) -> tuple[str, str]:
    """A distribution's name and version, which stand at the top of its metadata."""
    found = {"name": "?", "version": "?"}
    for line in _lines(folder, "METADATA") or _lines(folder, "PKG-INFO"):
        key, colon, value = line.partition(":")
        if not colon:
            break
        if key.lower() in found:
            found[key.lower()] = value.strip()
    return found["name"], found["version"]


def _lines(folder: str, name: str) -> list[str]:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
