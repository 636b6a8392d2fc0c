"""What a configuration leaves open: ``{"choose": [...]}`` and ``{"some": [...]}`` in a template.

Whoever changed the configuration since the last apply is played by picking again; of what is ``rising``, a
release's number, the last apply had an earlier one.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]
Picks: TypeAlias = dict[Path, Any]


def open_places(node: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Where something is left open in a template."""
    if isinstance(node, Mapping):
        if "choose" in node or "some" in node:
            yield path, node
            return
        for key, child in node.items():
            yield from open_places(child, (*path, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from open_places(child, (*path, str(index)))


def pick(place: Mapping[str, Any], rng: Random) -> Any:
    """A choice for one place: a value, or so many of the words."""
    if "choose" in place:
        return rng.choice(place["choose"][1 if place.get("rising") else 0 :])
    words = place["some"]
    least, most = place.get("count", (1, len(words)))
    return sorted(rng.sample(words, rng.randint(least, min(most, len(words)))))


def pick_again(place: Mapping[str, Any], old: Any, rng: Random) -> Any:
    """Another choice for the same place: another value, or one word more or less."""
    if place.get("rising"):
        return rng.choice(place["choose"][: place["choose"].index(old)])
    if "choose" in place:
        return rng.choice([value for value in place["choose"] if value != old] or [old])
    missing = [word for word in place["some"] if word not in old]
    if missing and (len(old) < 2 or rng.random() < 0.5):
        return sorted([*old, rng.choice(missing)])
    gone = rng.choice(old)
    return [word for word in old if word != gone]


def settle(node: Any, picks: Picks, path: Path = ()) -> Any:
    """The template with every open place filled in.

    >>> settle({"size": {"choose": [1, 2]}}, {("size",): 2})
    {'size': 2}
    """
    if path in picks:
        return picks[path]
    if isinstance(node, Mapping):
        return {key: settle(child, picks, (*path, key)) for key, child in node.items()}
    if isinstance(node, list):
        return [settle(child, picks, (*path, str(index))) for index, child in enumerate(node)]
    return node
