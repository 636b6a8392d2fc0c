"""GNU make's jobserver: makes within makes, which share so many jobs between them."""

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count


@dataclass(eq=False)
class Recipe:
    """One command of a make: what it echoes as it starts, how long it takes, what must be done before.

    With a *make* it is ``$(MAKE) -C ...``: it takes that make's time on top of its own *seconds*.
    """

    echo: str
    seconds: float
    needs: Sequence["Recipe"] = ()
    says: str = ""
    """What the command itself writes, as it ends."""
    make: "Make | None" = None
    target: str = ""
    """What make calls it where it fails, if it says so at all."""
    done: bool = False

    @property
    def ready(self) -> bool:
        """Whether all it needs is done."""
        return all(need.done for need in self.needs)


@dataclass(eq=False)
class Make:
    """A make with the recipes it has not begun, in the order of its prerequisites."""

    todo: list[Recipe] = field(default_factory=list)
    running: int = 0
    called_by: "tuple[Make, Recipe] | None" = None

    @property
    def over(self) -> bool:
        """Whether nothing runs and nothing is left."""
        return not self.todo and not self.running

    def next(self) -> Recipe | None:
        """The first recipe that could start now."""
        return next((recipe for recipe in self.todo if recipe.ready), None)


@dataclass(frozen=True)
class Line:
    """What appears on the terminal, and when: seconds since the build began."""

    at: float
    text: str


class Jobserver:
    """Plays a make and all it calls with so many jobs.

    Every make may run one command without asking; each further one costs a token of the pipe that all share,
    and whoever reads the pipe first gets it. (GNU make 4.4, "POSIX Jobserver Interaction".)
    """

    def __init__(self, top: Make, jobs: int, rng: random.Random) -> None:
        self._tokens, self._rng = jobs - 1, rng
        self._live = [top]
        self._order = count()
        self._ends: list[tuple[float, int, Make, Recipe]] = []
        self.now = self.busy = 0.0
        """Seconds since the build began, and seconds all commands took together."""

    @property
    def running(self) -> list[tuple[Make, Recipe]]:
        """The commands that run, each with the make that runs it, in the order in which they began."""
        return [(make, recipe) for _, _, make, recipe in sorted(self._ends, key=lambda end: end[1])]

    def worked(self, now: float) -> float:
        """Seconds that all commands had taken together by a moment until which no other has ended."""
        return self.busy - sum(max(0.0, end - now) for end, _, _, _ in self._ends)

    def play(self) -> Iterator[Line]:
        """Run all recipes; gives the lines in the order in which they appear."""
        yield from self._hand_out()
        while self._ends:
            self.now, _, make, recipe = heapq.heappop(self._ends)
            if recipe.says:
                yield Line(self.now, recipe.says)
            self._end(make, recipe)
            yield from self._hand_out()

    def _hand_out(self) -> Iterator[Line]:
        """Let every make start what it can, in whatever order they come to read the pipe."""
        self._rng.shuffle(self._live)
        for make in self._live:
            while (self._tokens or not make.running) and (recipe := make.next()):
                make.todo.remove(recipe)
                self._tokens -= make.running > 0
                make.running += 1
                self.busy += recipe.seconds
                heapq.heappush(self._ends, (self.now + recipe.seconds, next(self._order), make, recipe))
                if recipe.echo:
                    yield Line(self.now, recipe.echo)

    def _end(self, make: Make, recipe: Recipe) -> None:
        if recipe.make and not recipe.make.over:
            recipe.make.called_by = make, recipe
            self._live.append(recipe.make)
            return
        recipe.done = True
        make.running -= 1
        self._tokens += make.running > 0
        if make.over and make.called_by:
            self._live.remove(make)
            self._end(*make.called_by)
