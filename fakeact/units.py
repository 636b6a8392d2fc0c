"""Numbers as people read them: durations."""

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|sec|m|min|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Seconds that a text like ``2h10min`` stands for; raises ValueError with one line."""
    parts = _PART.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is no duration; write 90s, 1m30s, 1.5h or 2h10min")
    return float(sum(float(n) * _SECONDS[u] for n, u in parts))
