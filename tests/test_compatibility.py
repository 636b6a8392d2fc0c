"""The contract with plugins: what was public when its version was new is there still, and can be called as then."""

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fakeact
from docs.reference import public_names
from fakeact import Module, hookspecs
from fakeact.io import IO, Live
from fakeact.testing import Performance, Screen

CONTRACT = Path(__file__).parent / f"api-{fakeact.API_VERSION}.json"
"""Names and parameters as they were. It grows with releases; a line that changes or goes needs another API version."""

MADE_BY_PLUGINS = (Module, Screen)
"""Classes that a plugin, or its tests, make objects of; of others they are given some."""

Parameters = list[tuple[str, str, bool]]
"""Each parameter's name, kind, and whether it may be left out."""


def parameters(what: Any) -> Parameters | None:
    """How something is called, or None for what is no function."""
    if isinstance(what, property) or not callable(what):
        return None
    if (isinstance(what, type) and what not in MADE_BY_PLUGINS) or what is fakeact.hookimpl:
        return None
    return [(p.name, p.kind.name, p.default is not p.empty) for p in inspect.signature(what).parameters.values()]


def contract() -> Iterator[tuple[str, Parameters | None]]:
    """Everything that is public, by its whole name."""
    for package, names in public_names().items():
        module = importlib.import_module(package)
        for name in names:
            yield f"{package}.{name}", parameters(getattr(module, name))
    for owner in (IO, Live, Performance):
        for name in (each for each in dir(owner) if not each.startswith("_")):
            yield f"{owner.__module__}.{owner.__name__}.{name}", parameters(inspect.getattr_static(owner, name))
    for name in (each for each in vars(hookspecs) if each.startswith("fakeact_")):
        yield f"hook {name}", parameters(getattr(hookspecs, name))


def fits(then: Parameters | None, now: Parameters | None) -> bool:
    """Whether all that could be called then can be called now: more parameters need defaults and come last."""
    if then is None or now is None:
        return then == now
    positional = [p for p in now if p[1] != "KEYWORD_ONLY"]
    kept = [p for p in then if p[1] != "KEYWORD_ONLY"]
    names = {p[0]: p for p in now}
    added = [p for p in now if p[0] not in {q[0] for q in then}]
    return (
        all(tuple(p) in map(tuple, now) for p in then)
        and [tuple(p) for p in positional[: len(kept)]] == [tuple(p) for p in kept]
        and all(p[2] or p[1].startswith("VAR") for p in added)
        and set(names) >= {p[0] for p in then}
    )


def test_what_was_public_still_is() -> None:
    """Every name of the contract is there, and takes what it took."""
    now = dict(contract())
    for name, then in json.loads(CONTRACT.read_text()).items():
        assert name in now, f"{name} has gone: announce it, and raise API_VERSION"
        assert fits(then, now[name]), f"{name} is called in another way: {then} became {now[name]}"


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        ([("a", "POSITIONAL_OR_KEYWORD", False), ("b", "KEYWORD_ONLY", True)], True),
        ([("a", "POSITIONAL_OR_KEYWORD", False), ("b", "KEYWORD_ONLY", True), ("c", "KEYWORD_ONLY", True)], True),
        ([("a", "POSITIONAL_OR_KEYWORD", False), ("b", "KEYWORD_ONLY", True), ("c", "KEYWORD_ONLY", False)], False),
        ([("c", "POSITIONAL_OR_KEYWORD", True), ("a", "POSITIONAL_OR_KEYWORD", False)], False),
        ([("a", "POSITIONAL_OR_KEYWORD", False)], False),
        (None, False),
    ],
)
def test_a_change_that_breaks_is_found(now: Any, holds: bool) -> None:
    """Parameters that go, move, lose their default or come without one are no longer the contract."""
    then: Parameters = [("a", "POSITIONAL_OR_KEYWORD", False), ("b", "KEYWORD_ONLY", True)]
    assert fits(then, now) is holds


def test_public_names_are_what_star_would_give() -> None:
    """The names of the package are all there, and the package offers no others."""
    assert sorted(fakeact.__all__) == public_names()["fakeact"]
    assert all(getattr(fakeact, name) is not None for name in fakeact.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        fakeact.nosuch  # type: ignore[attr-defined]
