"""A reader of what launchers and the scheduler say of a fault: knows only the printed text."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

SAID = re.compile(r"[WE](\d{4} \d\d:\d\d:\d\d\.\d{3})000 (\d+) torch/distributed/elastic/\S+\] (.*)")
CLOSING = re.compile(r"Sending process (\d+) closing signal")
CANCELLED = re.compile(r"\*\*\* JOB \d+ ON \S+ CANCELLED AT \d{4}-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d) DUE TO (.*) \*\*\*")
TAKEN = re.compile(r"slurmstepd: error: \*\*\* (JOB|STEP) (\d+)(?:\.0)? ON (\S+) CANCELLED AT (\S+) DUE TO (.*) \*\*\*")
LIBRARY = re.compile(r"(/[^\s\"':,]*)/lib/python(\d\.\d+)/(\w+-packages|\w+\.py)")
PROGRAM = re.compile(r"(/[^\s\"':,]*)/bin/(torchrun|deepspeed|python[\d.]*)(?![\w/])")
SYSTEM = "/usr"
SOONEST = 2.0
"""Seconds that a health check takes, at least, from a launcher's last word to the requeue."""


def faults(lines: list[str]) -> Iterator[str]:
    """Everything that a launcher or the scheduler does not do so."""
    yield from _requeues_come_late(lines)
    yield from _launchers_leave_with_a_traceback(lines)
    yield from _aborts_are_announced(lines)
    yield from _processes_are_no_row(lines)
    yield from _steps_end_with_their_job(lines)
    yield from strange_paths(lines)


def strange_paths(lines: list[str]) -> Iterator[str]:
    """A run has one Python: packages and console scripts have one root, the interpreter that or the system's."""
    text = "\n".join(lines)
    libraries, programs = set(LIBRARY.findall(text)), set(PROGRAM.findall(text))
    roots = {root for root, _, what in libraries if what.endswith("-packages")}
    roots |= {root for root, what in programs if not what.startswith("python")}
    if len(roots) > 1 or len({what for *_, what in libraries if what.endswith("-packages")}) > 1:
        yield f"packages and scripts are in {sorted(roots)}: {sorted(libraries)}"
    of_python = {root for root, _, what in libraries if what.endswith(".py")}
    of_python |= {root for root, what in programs if what.startswith("python")}
    if roots and not of_python <= roots | {SYSTEM}:
        yield f"Python is in {sorted(of_python)}, its packages are in {sorted(roots)}"
    versions = {version for _, version, _ in libraries} | {what[6:] for _, what in programs if what[:8] == "python3."}
    if len(versions) > 1:
        yield f"several Pythons: {sorted(versions)}"


def _moment(text: str) -> datetime:
    return datetime.strptime(f"2024 {text}", "%Y %m%d %H:%M:%S.%f")


def _requeues_come_late(lines: list[str]) -> Iterator[str]:
    """A job goes back to the queue when its launchers have said what they know, and then they are told to end."""
    last: datetime | None = None
    for at, line in enumerate(lines):
        if match := SAID.search(line):
            last = _moment(match[1])
        if (match := CANCELLED.search(line)) and match[4] == "JOB REQUEUE":
            cancelled = _moment(f"{match[1]}{match[2]} {match[3]}.999")
            if last is None or (cancelled - last).total_seconds() < SOONEST:
                yield f"{line} after {last}"
            if not any("death signal, shutting down workers" in other for other in lines[at + 1 : at + 5]):
                yield f"{line}, and no launcher hears of it"


def _launchers_leave_with_a_traceback(lines: list[str]) -> Iterator[str]:
    """Who receives a signal ends with an exception that names it."""
    told = [match[2] for line in lines if (match := SAID.search(line)) and "death signal" in match[3]]
    left = [match[1] for line in lines if (match := re.search(r"SignalException: Process (\d+) got signal", line))]
    if sorted(told) != sorted(left):
        yield f"launchers {sorted(told)} are told to end, {sorted(left)} do"


def _aborts_are_announced(lines: list[str]) -> Iterator[str]:
    """A process that aborts has said why: its watchdog's exception, and C++'s last words.

    Where one worker is shown, others say so where nobody sees it.
    """
    if any("--local-ranks-filter" in line for line in lines):
        return
    spoken = 0
    for line in lines:
        spoken += line.startswith("terminate called") or "]:terminate called" in line
        if "failed (exitcode: -6)" in line and not spoken:
            yield line


def _processes_are_no_row(lines: list[str]) -> Iterator[str]:
    """On several nodes workers are not as far from their launcher on each of them."""
    distances: dict[str, int] = defaultdict(lambda: 2**32)
    for line in lines:
        if (match := SAID.search(line)) and (closing := CLOSING.match(match[3])):
            distances[match[2]] = min(distances[match[2]], int(closing[1]) - int(match[2]))
    if len(distances) > 2 and len(set(distances.values())) == 1:
        yield f"all workers begin {distances.popitem()[1]} behind their launcher"


def _steps_end_with_their_job(lines: list[str]) -> Iterator[str]:
    """Where there are several launchers, srun's step is cancelled in the same second, and srun waits for its end."""
    if len({match[2] for line in lines if (match := SAID.search(line))}) < 2:
        return
    for at, line in enumerate(lines):
        if not (match := TAKEN.search(line)) or match[1] != "JOB" or match[5] not in {"PREEMPTION", "JOB REQUEUE"}:
            continue
        around = lines[max(0, at - 2) : at + 3]
        steps = [one.groups()[1:] for other in around if (one := TAKEN.search(other)) and one[1] == "STEP"]
        if steps != [match.groups()[1:]] or not any("srun: Job step aborted" in other for other in around):
            yield f"{line} without its step or srun: {around}"
