"""BuildKit's plain progress (`--progress=plain`): numbered lines, one step at a time.

Completed steps are told as they come; of those that run the one that says most has the word, until it
has had it for long enough. It follows `progressui`'s `textMux`, with its figures.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from fakeact_docker_build.picture import amount
from fakeact_docker_build.vertex import Build, Status, Vertex

ANTI_FLICKER = 5.0
MAX_DELAY = 10.0
MIN_DELTA = 5.0
"""Seconds: at least so long stays the word, at most so long is anyone kept waiting, so far apart are
a layer's reports unless it grew by `MIN_SHARE`."""
MIN_SHARE = 0.05
GREETING = '#0 building with "default" instance using docker driver'


@dataclass
class _Track:
    """A vertex and how much of it has been told."""

    vertex: Vertex
    number: int
    times: list[float]
    told: float = -1.0
    counted_from: float = -1.0
    reported: dict[str, tuple[float, int]] = field(default_factory=dict)

    def pending(self, now: float) -> bool:
        """Whether something has happened that was not told yet."""
        return bisect_right(self.times, now) > bisect_right(self.times, self.told)

    def untold(self, now: float) -> bool:
        """Whether its end, perhaps by a cancellation, or what came with it was not told yet."""
        return self.told < self.vertex.completed or self.pending(now)

    def waiting(self, now: float) -> tuple[float, float]:
        """For how long it has had something to say, and how often a second it had."""
        first = bisect_right(self.times, self.counted_from)
        count = bisect_right(self.times, now) - first
        if not count:
            return 0.0, 0.0
        seconds = max(now - self.times[first], 0.001)
        return seconds, count / seconds


class Plain:
    """What is printed, from one look at the build to the next."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._tracks: list[_Track] = []
        self._current: _Track | None = None

    def lines(self, now: float) -> list[str]:
        """The lines that are due at a moment."""
        for vertex in self._build.started(now)[len(self._tracks) :]:
            self._tracks.append(_Track(vertex, len(self._tracks) + 1, vertex.times))
        said: list[str] = []
        for track in self._ended(now):
            said += self._tell(track, now)
        open_ = [track for track in self._tracks if track.vertex.completed > now]
        if next_ := self._next([track for track in open_ if track.pending(now)], open_, now):
            said += self._tell(next_, now)
        return said

    def _ended(self, now: float) -> list[_Track]:
        """What has ended, the one that has the word first."""
        ended = [track for track in self._tracks if track.vertex.completed <= now and track.untold(now)]
        return sorted(ended, key=lambda track: (track is not self._current, track.vertex.completed))

    def _next(self, news: list[_Track], open_: list[_Track], now: float) -> _Track | None:
        """Who has the word next, if anyone."""
        current = self._current
        if current is None:
            return max(news or open_[:1], key=lambda track: track.waiting(now)[1], default=None)
        late = [track for track in news if track is not current and track.waiting(now)[0] > MAX_DELAY]
        if late:
            return late[0]
        rates = {id(track): track.waiting(now)[1] for track in (*news, current)}
        share = rates[id(current)] / (sum(rates.values()) or 1.0)
        had = current.waiting(now)[0]
        if news and share < 1 and ANTI_FLICKER / (1 - share) < had:
            return max(news, key=lambda track: rates[id(track)])
        return current if current in news else None

    def _tell(self, track: _Track, now: float) -> list[str]:
        """All that is new about one vertex, under its name if another had the word."""
        said = []
        if track is not self._current:
            if self._current:
                said.append(f"#{self._current.number} ...")
                self._current.counted_from = now
            said += ["", f"#{track.number} {track.vertex.name}"]
        said += [f"#{track.number} {line}" for line in self._news(track, now)]
        track.told = now
        self._current = track
        if track.vertex.completed <= now:
            self._current = None
        return said

    def _news(self, track: _Track, now: float) -> list[str]:
        vertex = track.vertex
        news = [f"WARN: {each}" for each in vertex.warnings if track.told < vertex.warned <= now]
        news += [line for status in vertex.statuses if (line := _progress(track, status, now))]
        for log in vertex.logs:
            if track.told < log.at <= now:
                news.append(f"{stamp(log.at - vertex.started)} {log.text}")
        if vertex.completed <= now:
            news.append(_end(vertex))
        return news


def _progress(track: _Track, status: Status, now: float) -> str:
    """A status's line, or nothing where too little has changed."""
    moments = [at for at in (status.started, *(at for at, _ in status.curve), status.completed) if at <= now]
    if not moments or moments[-1] <= track.told:
        return ""
    at, done, current = moments[-1], status.completed <= now, status.current(now)
    if status.id in track.reported and not done:
        then, before = track.reported[status.id]
        share = (current - before) / status.total if status.total else 0.0
        if share < MIN_SHARE and at - then < MIN_DELTA:
            return ""
    track.reported[status.id] = at, current
    words = [
        status.id,
        amount(status, now),
        f"{at - status.started:.1f}s" * (at - status.started > 0.01),
        "done" * done,
    ]
    return " ".join(word for word in words if word)


def _end(vertex: Vertex) -> str:
    if vertex.error:
        return "CANCELED" if vertex.canceled else f"ERROR: {vertex.error}"
    return "CACHED" if vertex.cached else f"DONE {vertex.seconds:.1f}s"


def stamp(seconds: float) -> str:
    """Seconds since a step began, with as many decimals as leave four or five characters.

    >>> stamp(0.4881), stamp(12.3456), stamp(123.456)
    ('0.488', '12.35', '123.5')
    """
    return f"{seconds:.{3 if seconds < 10 else 2 if seconds < 100 else 1}f}"
