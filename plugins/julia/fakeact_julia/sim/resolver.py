"""Choosing versions, and what of it a manifest shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fakeact_julia.catalogue import Manifest, number, packages

Mark = Literal["", "upgradable", "held back"]


@dataclass(frozen=True)
class Change:
    """A package that came, went or changed its version; None stands for its absence."""

    name: str
    old: str | None
    new: str | None


def resolve(direct: Iterable[str], keep: Manifest | None = None) -> Manifest:
    """The versions of all that these packages need: kept where they may be, else the newest that may be."""
    chosen: Manifest = {}
    limits: dict[str, str] = {}
    while True:
        found = _closure(direct, keep or {}, limits)
        seen = _limits(found)
        if found == chosen and seen == limits:
            return found
        chosen, limits = found, seen


def _closure(direct: Iterable[str], keep: Manifest, limits: dict[str, str]) -> Manifest:
    found: Manifest = {}
    waiting = sorted(direct)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _choose(name, keep.get(name), limits.get(name, ""))
            waiting += [need.name for need in packages()[name].needs_at(found[name])]
    return dict(sorted(found.items()))


def _choose(name: str, kept: str | None, below: str) -> str:
    allowed = [version for version in packages()[name].versions if _under(version, below)]
    return kept if kept in allowed else allowed[-1]


def _limits(manifest: Manifest) -> dict[str, str]:
    """The lowest limit that any package of a manifest sets for each other."""
    limits: dict[str, str] = {}
    for name, version in manifest.items():
        for need in packages()[name].needs_at(version):
            known = limits.get(need.name)
            if need.below and (not known or number(need.below) < number(known)):
                limits[need.name] = need.below
    return limits


def _under(version: str, below: str) -> bool:
    return not below or number(version) < number(below)


def changes(old: Manifest, new: Manifest) -> list[Change]:
    """What differs, in the order in which Pkg lists it: binaries last, by name."""
    names = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return [Change(name, old.get(name), new.get(name)) for name in in_order(names)]


def in_order(names: Iterable[str]) -> list[str]:
    """Names as Pkg sorts them."""
    return sorted(names, key=lambda name: (name.endswith("_jll"), name))


def marks(manifest: Manifest) -> dict[str, Mark]:
    """Which packages could be newer, and which are kept from it by what others allow."""
    limits = _limits(manifest)
    return {name: _mark(name, version, limits.get(name, "")) for name, version in manifest.items()}


def _mark(name: str, version: str, below: str) -> Mark:
    package = packages()[name]
    if package.limited or not _under(package.newest, below):
        return "held back"
    return "" if version == package.newest else "upgradable"
