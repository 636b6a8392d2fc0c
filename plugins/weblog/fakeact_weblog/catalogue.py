"""Sites, user agents and probes: facts, read once.

User agents are those that crawlers' operators publish and that browsers sent in 2026; how browsers number
their releases by date stands in `agents.json`, so that a show of next year has next year's browsers.
"""

import json
import pkgutil
from functools import cache
from typing import Any

SITES = ("shop", "magazine", "forum", "tickets")
"""The kinds of site there are."""


@cache
def site(kind: str) -> dict[str, Any]:
    """What a kind of site consists of: words, pages and the files that pages load."""
    return _read(f"sites/{kind}.json")


@cache
def agents() -> dict[str, Any]:
    """User agents by sort, most with how common they are, and the browsers' release calendars."""
    return _read("agents.json")


@cache
def probes() -> dict[str, Any]:
    """What scanners ask for: paths by what they look for, surveys, and bytes that are no HTTP."""
    return _read("probes.json")


def _read(name: str) -> dict[str, Any]:
    data = pkgutil.get_data(__package__, f"data/{name}")
    assert data is not None
    found: dict[str, Any] = json.loads(data)
    return found
