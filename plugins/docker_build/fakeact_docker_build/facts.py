"""The word lists and package lists of this package, read once and only when a show needs them."""

import json
import pkgutil
from functools import cache
from typing import Any


def _read(name: str) -> str:
    data = pkgutil.get_data(__package__, f"data/{name}")
    assert data is not None
    return data.decode()


@cache
def facts(name: str) -> Any:
    """What `data/NAME.json` holds."""
    return json.loads(_read(f"{name}.json"))


@cache
def template(name: str) -> str:
    """The text of a Dockerfile with `@tool@` where a version belongs."""
    return _read(f"dockerfiles/{name}")


RECIPES = ("django", "fastapi", "go", "next", "rust", "spring", "vite", "worker")
"""The Dockerfiles there are: package data has no portable listing."""
