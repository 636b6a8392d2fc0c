"""The package's data: playbooks and roles as one would commit them, inventories, how long modules take."""

import json
import pkgutil
from functools import cache
from typing import Any


@cache
def read(path: str) -> str:
    """A data file's text, empty where there is none: a role need not have handlers or defaults."""
    try:
        return (pkgutil.get_data(__package__, f"data/{path}") or b"").decode()
    except FileNotFoundError:
        return ""


@cache
def read_json(path: str) -> Any:
    """A data file that says what a playbook can't."""
    return json.loads(read(path))


def sites() -> list[str]:
    """The names of the projects there are."""
    return sorted(read_json("sites.json"))
