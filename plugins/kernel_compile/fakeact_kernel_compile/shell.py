"""What bash says after a command that it was asked to time."""

import random


def times(real: float, busy: float, rng: random.Random) -> str:
    """Real, user and system time, from seconds that passed and seconds that all commands took together."""
    system = busy * rng.uniform(0.1, 0.13)
    return "\n" + "\n".join(
        f"{name}\t{_clock(spent)}" for name, spent in (("real", real), ("user", busy - system), ("sys", system))
    )


def _clock(spent: float) -> str:
    """Seconds as bash writes them.

    >>> _clock(83.4561)
    '1m23.456s'
    """
    milliseconds = round(spent * 1000)
    return f"{milliseconds // 60000}m{milliseconds % 60000 / 1000:.3f}s"
