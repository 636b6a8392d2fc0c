"""The middle of many: numpy's median imports numpy.ma, half a MiB, to see whether an array is a masked one."""

import numpy as np
import numpy.typing as npt


def median(values: npt.NDArray[np.float32]) -> np.float32:
    """The median; of an even number of values the upper one in the middle.

    >>> float(median(np.float32([3, 1, 2])))
    2.0
    """
    half = len(values) // 2
    found: np.float32 = np.partition(values, half)[half]
    return found
