"""Next-token accuracy that goes with a loss."""

import math

# Through pairs that fine-tuning logs print (1.0: 0.75, 0.7: 0.82, 1.5: 0.66) and what GPT-2 reaches at 3.3 (0.36);
# next to nothing for an untrained model.
LINEAR, CUBIC = 0.27, 0.0035


def accuracy(loss: float) -> float:
    """The share of tokens that the model would have guessed, from its loss in nats.

    >>> [round(accuracy(loss), 2) for loss in (0.4, 1.0, 2.0, 3.3, 7.0)]
    [0.9, 0.76, 0.57, 0.36, 0.05]
    """
    return math.exp(-LINEAR * loss - CUBIC * loss**3)
