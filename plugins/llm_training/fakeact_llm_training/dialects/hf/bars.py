"""The Trainer's bars: training, and below it an evaluation."""

from fakeact import IO
from fakeact_llm_training.tools.tqdm import Bar


class Bars:
    """What stands on the screen of them; a bar is not seen between a log line and its next drawing."""

    def __init__(self, io: IO) -> None:
        self._io = io
        self.training: Bar | None = None
        self.evaluation: Bar | None = None
        self._shown = False

    @property
    def columns(self) -> int | None:
        """Cells of a bar: all but the last column of a terminal; a file gives tqdm no width."""
        return self._io.width - 1 if self._io.motion else None

    def begin(self, total: int, at: float) -> None:
        """Training begins."""
        self.training, self._shown = Bar(total, at), True

    def step(self, done: int, at: float) -> None:
        """A step is done."""
        if self.training:
            self.training.update(done, at)
            self._shown = True

    def written(self, at: float) -> None:
        """Tqdm has written a line, and draws all bars again."""
        for bar in self._alive:
            bar.refresh(at)
        self._shown = self.training is not None

    def evaluated(self, batches: int, total: int, began: float, each: float) -> None:
        """So many batches are done, of `each` seconds; the bar comes into being with the first."""
        if not self.evaluation and batches:
            self.evaluation = Bar(total, began + each)
        if self.evaluation:
            for batch in range(self.evaluation.done + 1, batches + 1):
                self.evaluation.update(batch, began + batch * each)

    async def last_of_evaluation(self, batches: int, ended: float, seconds: float) -> None:
        """In a file each state of the bar stays behind; the last that was drawn is printed here."""
        self.evaluated(batches, batches, ended - seconds, seconds / batches)
        if self.evaluation:
            await self._io.print(self.evaluation.row(None))

    def rows(self) -> list[str]:
        """The bars as they are seen."""
        first = [self.training.row(self.columns) if self._shown else ""] if self.training else []
        if self.evaluation:
            return [*first, self.evaluation.row(self.columns)]
        return first if self._shown else []

    async def leave(self) -> None:
        """Somebody else writes: the bars stay behind in the log as they are, and the text goes on behind the last.

        On a terminal that is in its last column.
        """
        rows = [row for row in self.rows() if row]
        self._shown, self.evaluation = False, None
        for place, row in enumerate(rows, 1):
            await self._io.print(row, end="\n" if self._io.motion and place < len(rows) else "")

    async def close(self, at: float) -> None:
        """Training is over: its bar stays, with the mean rate."""
        if self.training:
            await self._io.print(self.training.closed(at, self.columns))
        self.training, self._shown = None, False

    def drop(self) -> None:
        """The process that drew them is gone."""
        self.training = self.evaluation = None
        self._shown = False

    @property
    def _alive(self) -> list[Bar]:
        return [bar for bar in (self.training, self.evaluation) if bar]
