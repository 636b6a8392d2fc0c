"""Figures that follow from a printed one: whoever recomputes them from the screen gets the same."""

from math import exp, inf


def perplexity(loss: float) -> str:
    """Perplexity of a loss as it is printed, with four decimals; capped where it would overflow.

    >>> perplexity(2.30259), perplexity(900.0)
    ('10.00', 'inf')
    """
    printed = round(loss, 4)
    return f"{exp(printed) if printed < 700 else inf:.2f}"
