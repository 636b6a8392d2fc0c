"""What plugin authors test with: play a module on a screen in memory, in no time.

>>> from fakeact import Module
>>> async def nap(io, rng):
...     await io.print("zzz")
...     await io.csleep(3_600_000)
...     await io.print("good morning")
>>> played = perform(Module("nap", "sleep 1h", nap), seconds=7200)
>>> played.lines, played.seconds, played.ended
(['zzz', 'good morning'], 3600.0, 'finished')
"""

from fakeact.recording.take import Frame
from fakeact.testing.checks import CHECKS, broken_rules, check_module, parametrize_with_checks
from fakeact.testing.performance import Performance, perform
from fakeact.testing.plays import BrokenRule
from fakeact.testing.screen import Screen, UnknownSequence

__all__ = [
    "CHECKS",
    "BrokenRule",
    "Frame",
    "Performance",
    "Screen",
    "UnknownSequence",
    "broken_rules",
    "check_module",
    "parametrize_with_checks",
    "perform",
]
