"""The state of a tqdm bar (version 4.70): when it is drawn, and with which rate. Times are any clock's seconds."""

from fakeact.widgets import tqdm_meter

MIN_INTERVAL, MAX_INTERVAL, SMOOTHING = 0.1, 10.0, 0.3
"""tqdm's defaults, in seconds, and the weight of the latest interval."""


class _Average:
    """tqdm's exponential moving average, without the bias of its beginning at zero."""

    def __init__(self) -> None:
        self._last, self._calls = 0.0, 0

    def add(self, value: float) -> None:
        self._last = SMOOTHING * value + (1 - SMOOTHING) * self._last
        self._calls += 1

    @property
    def value(self) -> float:
        return self._last / (1 - (1 - SMOOTHING) ** self._calls) if self._calls else 0.0


class Bar:
    """A bar that began at a moment: `update` as the work goes on, `row` is what stands on the screen.

    >>> bar = Bar(100, began=0.0)
    >>> bar.row(None)
    '  0%|          | 0/100 [00:00<?, ?it/s]'
    >>> bar.update(2, 1.0)
    >>> bar.row(None)
    '  2%|▏         | 2/100 [00:01<00:49,  2.00it/s]'
    """

    def __init__(self, total: int, began: float, desc: str = "") -> None:
        self.total, self._desc, self._began = total, desc, began
        self._steps, self._seconds = _Average(), _Average()
        self._counted, self._count_at = 0, began
        self._least = 0.0
        self.done = 0
        self.refresh(began)

    def update(self, done: int, at: float) -> None:
        """`done` of them are over; drawn only if that is enough, and long enough ago."""
        self.done = done
        steps, seconds = done - self._counted, at - self._count_at
        if self._least > 1 and seconds >= MAX_INTERVAL:  # tqdm's monitor has seen to it meanwhile
            self._least = 1
        if steps < self._least or seconds < MIN_INTERVAL:
            return
        self._steps.add(steps)
        self._seconds.add(seconds)
        self.refresh(at)
        wanted = steps * MIN_INTERVAL / seconds
        slow = seconds >= MAX_INTERVAL
        self._least = wanted if slow else SMOOTHING * wanted + (1 - SMOOTHING) * self._least
        self._counted, self._count_at = done, at

    def refresh(self, at: float) -> None:
        """Draw it as it is now, as after every line that is written through tqdm."""
        self._drawn, self._drawn_at = self.done, at

    def row(self, columns: int | None) -> str:
        """The bar as it was drawn last; None columns are those of a file."""
        rate = self._steps.value / self._seconds.value if self._seconds.value else None
        elapsed = self._drawn_at - self._began
        return tqdm_meter(self._drawn, self.total, elapsed, columns, self._desc, rate=rate)

    def closed(self, at: float, columns: int | None) -> str:
        """The bar as it stays: with the mean rate of all its time."""
        return tqdm_meter(self.done, self.total, at - self._began, columns, self._desc)
