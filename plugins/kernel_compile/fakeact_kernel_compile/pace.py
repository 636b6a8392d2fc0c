"""How long commands take, in seconds on one core of a desktop processor of today."""

import math
import random

# Median and spread (of the logarithm). What the tools take beside each other is from the time stamps of a build
# of 7.2.13 with gcc and debug information; the scale is a desktop on which x86_64_defconfig takes two minutes.
_TOOLS = {
    "CC": (0.55, 0.55),
    "AS": (0.08, 0.4),
    "AR": (0.02, 0.5),
    "LD": (0.05, 0.5),
    "HOSTCC": (0.2, 0.5),
    "BTF": (0.09, 0.4),
    "VDSO": (0.05, 0.2),
    "SIGN": (0.02, 0.2),
}
_OTHERS = 0.015, 0.5
CALL = 0.012
"""What a make itself takes to read its makefiles."""


def seconds(tag: str, rng: random.Random) -> float:
    """Roll how long a command with this tag (``CC [M]``) takes."""
    median, spread = _TOOLS.get(tag.partition(" ")[0], _OTHERS)
    return rng.lognormvariate(math.log(median), spread)


def about(typical: float, rng: random.Random) -> float:
    """Roll how long a command takes whose usual time is known."""
    return rng.lognormvariate(math.log(typical), 0.12)
