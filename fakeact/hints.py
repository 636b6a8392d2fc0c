"""Words for a name that does not exist: those that do, and the one probably meant."""

from collections.abc import Mapping, Sequence
from typing import Any


def unknown(what: str, name: str, there: Sequence[str] | Mapping[str, Any]) -> str:
    """The words for a name that does not exist, with those that do and the one probably meant."""
    listed = ", ".join(sorted(there)) or f"no {what}"
    return f"no {what} {name!r}; there is {listed}{suggestion(name, list(there))}"


def suggestion(name: str, there: Sequence[str]) -> str:
    """``" (did you mean x?)"`` where a name is close to one there is.

    >>> suggestion("lm_training", ["cargo", "llm_training"])
    ' (did you mean llm_training?)'
    """
    from difflib import get_close_matches

    lowered = {candidate.lower(): candidate for candidate in there}
    longer = [candidate for candidate in sorted(lowered) if len(name) > 3 and candidate.startswith(name.lower())]
    close = longer or get_close_matches(name.lower(), lowered, 1)
    return f" (did you mean {lowered[close[0]]}?)" if close else ""
