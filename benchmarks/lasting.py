"""Shows that are left on, on virtual time: what an hour takes, and what a week leaves behind.

Memory is looked at in a show's first minute, and after the week in the same minute of the same show played again:
so it is not a matter of which run happens to be on. Of all modules in turn the first minute comes after a round of
them, with which their code is there. As a script it prints the difference as JSON, in MiB: ``lasting.py PLAY HOURS
[traced]``.
"""

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from drawing import Sink

from fakeact import plugins
from fakeact.clock import Clock, ShowLoop, VirtualWall
from fakeact.ending import Over
from fakeact.runner import Programme, Runner
from fakeact.screen import Screen
from fakeact.tidying import give_back

STARTED = datetime(2026, 1, 30, 10, 45, 32)
LOOK_AT = 60.0
"""The second of a show at which memory is looked at."""
ROUND = 2.0
"""Hours in which all bundled modules have had their turn."""
NO_END: dict[str, Any] = {"scenario": "pretrain", "steps": 100_000, "epochs": 1, "faults": "none"}


def programme(name: str, hours: float, seed: int = 7) -> Programme:
    """The "star" as it plays by default, one "run" of it that takes more than a day, or "all" bundled modules."""
    modules = plugins.discover().modules
    if name == "all":
        return Programme(list(modules.values()), seed, most_seconds=3600 * hours, module_seconds=300.0)
    options = {"llm_training": NO_END} if name == "run" else {}
    return Programme([modules["llm_training"]], seed, options, most_seconds=3600 * hours)


def play(what: Programme, looks: Mapping[float, Callable[[], None]] = MappingProxyType({})) -> float:
    """CPU seconds of playing; meanwhile *looks* are taken at these seconds of show time."""
    over, clock = Over(), Clock(VirtualWall())
    screen = Screen(Sink(), over)
    clock.on_frame = screen.show
    for moment, look in looks.items():
        clock.set_deadline(moment, look)
    loop = ShowLoop(clock)
    began = time.process_time()
    try:
        loop.run_until_complete(Runner(what, screen, clock, over, tidy=give_back).play(STARTED))
    finally:
        loop.close()
    return time.process_time() - began


def hour() -> float:
    """CPU seconds of an hour of the star."""
    return play(programme("star", 1.0))


class Memory(NamedTuple):
    """MiB: of the process without what files hold, and of Python's objects where they are traced."""

    resident: float
    traced: float


def memory() -> Memory:
    """As of now."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return Memory(int(status["RssAnon"].split()[0]) / 1024, tracemalloc.get_traced_memory()[0] / 2**20)


def growth(name: str, hours: float) -> Memory:
    """What so many hours of playing leave behind."""
    if name == "all":
        play(programme(name, ROUND))
    seen: list[Memory] = []
    for most in (hours, (LOOK_AT + 1) / 3600):
        play(programme(name, most), {LOOK_AT: lambda: seen.append(memory())})
        give_back()  # as between any two shows
    before, after = seen
    return Memory(after.resident - before.resident, after.traced - before.traced)


def main(name: str, hours: str, *traced: str) -> None:
    """Measure and print."""
    if traced:
        tracemalloc.start()
    print(json.dumps(growth(name, float(hours))._asdict()))


if __name__ == "__main__":
    main(*sys.argv[1:])
