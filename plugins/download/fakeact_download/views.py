"""A run of wget2 as its terminal shows it, and as a file that it is sent to."""

from dataclasses import dataclass, field

from fakeact.style import red
from fakeact_download.events import Begun, Closed, Counted, Event, Requested, Short
from fakeact_download.lines import line
from fakeact_download.rows import Speed, human, meter_width, name_width, row
from fakeact_download.wget import Wget

RATIO = 6
"""Cells between a row's name and the bracket that begins its meter."""


@dataclass
class Slot:
    """What a row knows of its file: *done* bytes of *size*, more to come while *open*.

    *drawn* are the bytes at the last redraw; *fresh* asks for one.
    """

    name: str = ""
    size: int = 0
    done: int = 0
    drawn: int = 0
    open: bool = False
    fresh: bool = False
    speed: Speed = field(default_factory=Speed)


class Rows:
    """A row for each worker and one for the totals, overwritten in wget2's way.

    A line above them wipes them out, all but those with news come back only when they have some; and what
    is too long of the line runs into the first.
    """

    def __init__(self, wget: Wget, columns: int) -> None:
        self._wget, self._columns = wget, columns
        self._slots = [Slot() for _ in range(wget.slots)]
        self._blank()
        self._report()

    @property
    def texts(self) -> list[str]:
        """The rows as they are now."""
        return [*self._texts]

    def resize(self, columns: int) -> None:
        """Fit the rows to a terminal of another width when they are drawn next."""
        if columns != self._columns:
            self._columns = columns
            for slot in self._slots:
                slot.fresh = bool(slot.name)

    def tell(self, event: Event) -> str:
        """Change the rows as an event does, and give the line to be printed above them, if any."""
        match event:
            case Requested(n, url):
                self._box(n, url)
            case Begun(n, name, size, _):
                self._slots[n] = Slot(name, size, open=True, fresh=True, speed=self._slots[n].speed)
                self._slots[n].speed.begin()
            case Closed(n):
                self._draw(n)
                self._slots[n].open = False
            case Counted():
                self._report()
        return self._above(line(event), isinstance(event, Short))

    def second(self) -> None:
        """Redraw what has news, and the totals, as the program does each second."""
        self._refresh()
        self._report()

    def _above(self, text: str, error: bool) -> str:
        if not text:
            return ""
        self._blank()
        cells = self._columns
        for n in range(len(self._texts)):
            self._texts[n] = text[cells * (n + 1) : cells * (n + 2)]
        self._refresh()
        return red(text[:cells]) if error else text[:cells]

    def _blank(self) -> None:
        self._texts = [""] * (len(self._slots) + 1)

    def _refresh(self) -> None:
        for n, slot in enumerate(self._slots):
            if slot.fresh or self._count(n) != slot.drawn:
                self._draw(n)
                slot.drawn, slot.fresh = slot.done, False

    def _count(self, n: int) -> int:
        """A row's bytes: once its response is closed they are no longer the worker's."""
        slot = self._slots[n]
        if slot.open:
            slot.done = self._wget.downloaded(n)
        return slot.done

    def _draw(self, n: int) -> None:
        slot, done = self._slots[n], self._count(n)
        slot.speed.look(done, round(self._wget.now * 1000))
        text = row(slot.name, done, slot.size, slot.speed.text, self._columns)
        self._texts[n] = text + self._texts[n][len(text) :]

    def _report(self) -> None:
        totals, size = self._wget.totals, self._wget.totals.size
        speed = human(size * 1000 // max(1, round(self._wget.now * 1000)))
        self._box(
            len(self._slots),
            f"Files: {totals.files}  Bytes: {human(size)} [{speed}B/s] Redirects: {totals.redirects}"
            f"  Todo: {totals.todo}  Errors: {totals.errors}",
        )

    def _box(self, n: int, text: str) -> None:
        """Put a text in the place of a row's meter; the rest of the row stays."""
        old, width = self._texts[n], meter_width(self._columns)
        box = name_width(self._columns) + RATIO
        self._texts[n] = f"{old[:box]:<{box}}[{text[:width]:<{width}}]{old[box + width + 2 :]}"


def plain(event: Event) -> str:
    """The line that tells of an event where there are no rows; empty where none does."""
    if isinstance(event, Requested):
        return f"[{event.slot}] Downloading '{event.url}' ..."
    return red(line(event)) if isinstance(event, Short) else line(event)


def summary(wget: Wget) -> str:
    """The last line where there are no rows."""
    totals = wget.totals
    return (
        f"Downloaded: {totals.files} files, {human(totals.size)} bytes, "
        f"{totals.redirects} redirects, {totals.errors} errors"
    )
