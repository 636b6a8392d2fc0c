"""What has come of all shares."""

from statistics import median_high

from fakeact_cryptomining.sim.events import Connection, Result, Results

BEST = 10
"""How many of the best shares are kept."""


class Ledger:
    """Counts for the whole run, and answers' times for the connection there is. Times are seconds."""

    def __init__(self) -> None:
        self._accepted = self._rejected = self._hashes = 0
        self._top: list[int] = []
        self._milliseconds: list[int] = []
        self._since: float | None = None

    def connect(self, at: float) -> None:
        """A connection begins."""
        self._since = at
        self._milliseconds.clear()

    def hang_up(self) -> None:
        """The connection is gone."""
        self._since = None
        self._milliseconds.clear()

    def answer(self, at: float, difficulty: int, actual: int, error: str, milliseconds: int) -> Result:
        """Count a share that has been answered; *actual* is how difficult it turned out to be."""
        if error:
            self._rejected += 1
        else:
            self._accepted += 1
            self._hashes += difficulty
            self._top = sorted([*self._top, actual], reverse=True)[:BEST]
            self._milliseconds.append(milliseconds)
        return Result(at, self._accepted, self._rejected, difficulty, error, milliseconds)

    def results(self, at: float, difficulty: int) -> Results:
        """All that has come, at a job's difficulty, which is forgotten without a connection."""
        answered = len(self._milliseconds)
        each = int((at - self._since) * 1000) // answered if self._since is not None and answered else 0
        asked = 0 if self._since is None else difficulty
        return Results(at, self._accepted, self._rejected, self._hashes, asked, each, tuple(self._top))

    def connection(self, at: float, difficulty: int) -> Connection:
        """How it stands with the pool."""
        ping = median_high(self._milliseconds) if self._milliseconds else 0
        return Connection(at, difficulty, ping, -1 if self._since is None else int((at - self._since) * 1000))
