"""BuildKit's display on a terminal: a header and a row for all that has started, laid out for the width.

It follows BuildKit's `progressui/display.go` at 0070379b, quirks included: rows are cut without an ellipsis,
and a narrow terminal loses whole rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fakeact.style import blue, dim, red, yellow
from fakeact_docker_build import log_box
from fakeact_docker_build.picture import Job, Picture

BUILDER = "docker:default"
_COLOURS = {"completed": blue, "failed": red, "canceled": yellow}
_LOG_MARGIN = 10
_SHOWN_AGAIN = 50  # bytes of output that having had a log box is worth in the choice of the next
_LATEST = 40  # lines that are enough to fill any log box


@dataclass
class Display:
    """Pictures as rows; remembers only who had a log box, and how often."""

    shown: dict[str, int] = field(default_factory=dict)

    def rows(self, picture: Picture, width: int, height: int, *, final: bool = False) -> list[str]:
        """The header and the rows for a terminal of so many cells; the final ones leave nothing out."""
        boxes = self._boxes(picture.jobs, width, height)
        jobs = picture.jobs
        if not final:
            jobs = wrap(jobs, height - 2 - sum(map(len, boxes.values())))
        rows = [_header(picture, width, final)]
        for job in jobs:
            rows += _row(job, boxes.get(id(job), []), width)
        return rows

    def _boxes(self, jobs: list[Job], width: int, height: int) -> dict[int, list[str]]:
        """Log boxes for the busiest running steps, while there is room."""
        running = [job for job in jobs if job.running and job.output]
        running.sort(key=self._claim, reverse=True)
        free = height - 2 - sum(job.running for job in jobs)
        boxes = {}
        for job in running:
            if free <= log_box.HEIGHT + 3:
                break
            boxes[id(job)] = log_box.tail(job.output[-_LATEST:], max(width - _LOG_MARGIN, 1))
            self.shown[job.name] = self.shown.get(job.name, 0) + 1
            free -= log_box.HEIGHT + 3
        return boxes

    def _claim(self, job: Job) -> int:
        written = sum(len(line.encode()) + 1 for line in job.output)
        return written + self.shown.get(job.name, 0) * _SHOWN_AGAIN


def _header(picture: Picture, width: int, final: bool) -> str:
    status = "FINISHED" if final and 0 < picture.done == picture.known else ""
    text = f"[+] Building {picture.now:.1f}s ({picture.done}/{picture.known}) {status}"
    return align(text, BUILDER, width - 1)[:width]


def align(left: str, right: str, width: int) -> str:
    """Left and right with a blank between at the least, even where that is wider.

    >>> align("ab", "yz", 8), align("abcdef", "yz", 8)
    ('ab    yz', 'abcdef yz')
    """
    return f"{left:<{abs(width - len(right) - 1)}} {right}"


def _row(job: Job, box: list[str], width: int) -> Iterator[str]:
    """The job's row and its log box, or nothing where twelve cells of its name don't fit."""
    timer = f" {0.0 if job.seconds < 0.05 else job.seconds:.1f}s"
    left = width - len(" => ") - len(timer) - 2
    amount = job.amount if left + len(job.amount) > 20 else ""
    left -= len(amount) + 1 if amount else 0
    if left < 12:
        return
    row = align(f" => {job.name[:left]}" + (f" {amount}" if amount else ""), timer, width - 1)
    colour = _COLOURS.get(job.state)
    yield colour(row) if colour else row
    for line in box:
        yield dim(f" => => # {line:<{width - _LOG_MARGIN}}")


def wrap(jobs: list[Job], limit: int) -> list[Job]:
    """As many jobs as fit: the latest, but running ones before those that are over."""
    if limit < 0:
        return []
    if len(jobs) <= limit:
        return jobs
    cut, kept = jobs[: len(jobs) - limit], jobs[len(jobs) - limit :]
    lost = [job for job in cut if job.running]
    still = [job for number, job in enumerate(kept) if job.running or number >= len(lost)]
    free = len(kept) - len(still)
    return lost[len(lost) - free :] + still
