"""Processors, boards, memory modules and what pools may be called: facts, read once."""

import json
import pkgutil
from functools import cache
from typing import Any


@cache
def rigs() -> dict[str, Any]:
    """All there is: `cpus`, what goes into their `sockets`, and the parts of `pools`' made-up names."""
    data = pkgutil.get_data(__package__, "data/rigs.json")
    assert data is not None
    found: dict[str, Any] = json.loads(data)
    return found
