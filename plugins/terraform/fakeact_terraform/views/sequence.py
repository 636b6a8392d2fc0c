"""Which elements of two lists belong together, as terraform 1.11 was seen to pair them.

Lists of one length are compared place by place, unless one is the other in another order; all
others by a longest common subsequence.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Pair: TypeAlias = tuple[Any, Any]


def pairs(before: list[Any], after: list[Any]) -> Iterator[Pair]:
    """Pairs in order; None stands for a missing partner. Two objects that differ are still one pair.

    >>> list(pairs(["a", "b"], ["a", "c"]))
    [('a', 'a'), ('b', 'c')]
    >>> list(pairs(["a"], ["b", "a"]))
    [(None, 'b'), ('a', 'a')]
    """
    if len(before) == len(after) and not _reordered(before, after):
        yield from zip(before, after, strict=True)
        return
    b = a = 0
    for common_b, common_a in [*_common(before, after), (len(before), len(after))]:
        while b < common_b:
            both = a < common_a and isinstance(before[b], Mapping) and isinstance(after[a], Mapping)
            yield before[b], after[a] if both else None
            b, a = b + 1, a + both
        yield from ((None, new) for new in after[a:common_a])
        a = common_a
        if b < len(before) and a < len(after):
            yield before[b], after[a]
            b, a = b + 1, a + 1


def _reordered(before: list[Any], after: list[Any]) -> bool:
    return all(before.count(each) == after.count(each) for each in before)


def _common(before: list[Any], after: list[Any]) -> list[tuple[int, int]]:
    """Indices of a longest common subsequence."""
    best: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for b in range(len(before), -1, -1):
        for a in range(len(after), -1, -1):
            if b == len(before) or a == len(after):
                best[b, a] = []
            elif before[b] == after[a]:
                best[b, a] = [(b, a), *best[b + 1, a + 1]]
            else:
                best[b, a] = max(best[b + 1, a], best[b, a + 1], key=len)
    return best[0, 0]
