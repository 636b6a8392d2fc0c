"""What `tail -F` prints of one file or two, in GNU's way."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from fakeact_weblog.lines import access_line, error_line
from fakeact_weblog.sim.records import Entry

_ACCESS, _ERROR = "/var/log/nginx/access.log", "/var/log/nginx/error.log"
_FIRST = 10
"""Lines of each file that tail begins with."""


class Tail:
    """Follows the access log, and with *errors* the error log too. *began* is the show's first moment."""

    def __init__(self, host: str, began: datetime, rng: random.Random, *, times: bool, errors: bool) -> None:
        self._host, self._began, self._times, self._errors = host, began, times, errors
        self._workers = [first := rng.randint(600, 90_000), first + 1]
        self._file = ""

    def last(self, entries: list[Entry]) -> list[str]:
        """The last lines of what was logged before."""
        lines = [self._access(entry) for entry in entries[-_FIRST:]]
        if not self._errors:
            return lines
        complaints = [self._error(entry) for entry in entries if entry.complaint][-_FIRST:]
        self._file = _ERROR
        return [f"==> {_ACCESS} <==", *lines, "", f"==> {_ERROR} <==", *complaints]

    def lines(self, entries: list[Entry]) -> Iterator[str]:
        """The lines of what has been logged since, with a heading where the file changes."""
        for entry in entries:
            if self._errors and entry.complaint:
                yield from self._heading(_ERROR)
                yield self._error(entry)
            if self._errors:
                yield from self._heading(_ACCESS)
            yield self._access(entry)

    def _heading(self, file: str) -> Iterator[str]:
        if file != self._file:
            self._file = file
            yield ""
            yield f"==> {file} <=="

    def _at(self, entry: Entry) -> datetime:
        return self._began + timedelta(seconds=entry.at)

    def _access(self, entry: Entry) -> str:
        return access_line(entry, self._at(entry), times=self._times)

    def _error(self, entry: Entry) -> str:
        worker = self._workers[entry.connection % len(self._workers)]
        return error_line(entry, self._at(entry), host=self._host, worker=worker)
