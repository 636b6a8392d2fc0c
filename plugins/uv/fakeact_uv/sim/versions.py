"""The releases before and after a version."""

import random


def older(version: str, rng: random.Random) -> str:
    """A release that came before; the same text where none can be told.

    >>> older("2.4.6", random.Random(1)), older("0.0", random.Random(1))
    ('2.4.5', '0.0')
    """
    parts = _release(version)
    last = max((i for i, part in enumerate(parts) if part), default=None)
    if last is None or not any(parts[:last]):
        return version
    # Before a .0 came an earlier series, most of which saw few fixes.
    lower = [*parts[:last], parts[last] - 1, *(rng.choice((0, 0, 0, 1, 2)) for _ in parts[last + 1 :])]
    return ".".join(map(str, lower))


def newer(version: str) -> str:
    """The release that comes next, which a resolver tries first and may have to give up.

    >>> newer("2.4.6"), newer("2026.10.18"), newer("9")
    ('2.5.0', '2026.11.0', '10')
    """
    parts = _release(version)
    if len(parts) == 1:
        return str(parts[0] + 1)
    return ".".join(map(str, [*parts[:-2], parts[-2] + 1, 0]))


def _release(version: str) -> list[int]:
    """The leading numbers, without what a post-release or a local label adds."""
    parts = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        parts.append(int(part))
    return parts
