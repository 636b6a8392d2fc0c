"""Words and layouts, read once: what programs and devices of each kind have in their memory."""

import json
import pkgutil
from functools import cache
from typing import Any


@cache
def facts(kind: str) -> dict[str, Any]:
    """The lists of an image's kind, by topic."""
    data = pkgutil.get_data(__package__, f"data/{kind}.json")
    assert data is not None
    found: dict[str, Any] = json.loads(data)
    return found
