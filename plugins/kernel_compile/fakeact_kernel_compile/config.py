"""Which modules a kernel is configured with."""

import random
from collections.abc import Mapping

from fakeact_kernel_compile.makefiles import Directory, KernelModule


def choose(directories: Mapping[str, Directory], files: int, rng: random.Random) -> set[KernelModule]:
    """Roll modules of so many source files at the most: whole directories, as a driver's menu gives them."""
    offered = [directory.modules for directory in directories.values() if directory.modules]
    rng.shuffle(offered)
    chosen: set[KernelModule] = set()
    for modules in offered:
        size = sum(len(module.parts) or 1 for module in modules)
        if size <= files:
            chosen.update(modules)
            files -= size
    return chosen
