"""Putting wheels into the environment: some threads, each linking or copying one wheel's files at a time."""

import heapq
import math
import random
from collections.abc import Sequence

from fakeact_uv.catalogue import Package

_THREADS = 8
_COPIED_PER_SECOND = 150e6
"""Bytes of a wheel, packed, that one thread copies a second when all do."""


Installed = list[tuple[float, Package]]
"""Wheels with the second each is installed at, in that order."""


def install(packages: Sequence[Package], rng: random.Random, *, copying: bool = False) -> Installed:
    """Install wheels in no order, *copying* their files where links can't be made."""
    free = [0.0] * _THREADS
    done = []
    for package in rng.sample(packages, len(packages)):
        at = heapq.heappop(free) + _seconds(package, copying) * rng.lognormvariate(0, 0.4)
        heapq.heappush(free, at)
        done.append((at, package))
    return sorted(done, key=lambda item: item[0])


def _seconds(package: Package, copying: bool) -> float:
    # The files of a wheel, which is what linking takes time for, grow more slowly than its bytes.
    linking = 0.015 + 0.002 * math.pow(package.size / 2**20, 0.8)
    return linking + (package.size / _COPIED_PER_SECOND if copying else 0.0)
