"""The rows that move: spinners, download bars and the bar of the installation."""

from collections.abc import Iterator

from fakeact.style import Style, black, bold, cyan, dim, green, white
from fakeact.widgets import bar, spinner
from fakeact_uv.catalogue import Package
from fakeact_uv.figures import binary
from fakeact_uv.parts import Parts, cut, fold, plain
from fakeact_uv.sim.preparing import Build, Preparation, Transfer

_TICK = 0.2
_FRAMES = 9  # indicatif keeps the last of the ten for when it is done
_BAR, _INSTALL_BAR = 30, 20
_LEAST_NAME = 20


def resolving(label: str, seconds: float, columns: int) -> str:
    """What the resolver is at."""
    return cut([_spinner(seconds), (" ", plain), (label or "Resolving dependencies...", dim)], columns)


def building(build: Build, columns: int) -> str:
    """A package that is being built, or has been."""
    return build_state(build, done=build.finished, columns=columns)


def build_state(build: Build, *, done: bool, columns: int) -> str:
    """That a package is being built, or that it is *done*, whatever may be true by now."""
    package = build.package
    indent, word, colour = ("      ", "Built", green) if done else ("   ", "Building", cyan)
    source = f" @ {package.origin}" if package.origin else f"=={package.version}"
    state = [(indent, plain), (word, lambda text: colour(bold(text)))]
    return cut([*state, (f" {package.name}", plain), (source, dim)], columns)


def installing(done: int, total: int, package: Package | None, columns: int) -> str:
    """How far the installation is, and which wheel was the last."""
    at = bar(done / total, _INSTALL_BAR, "░█")
    return cut([(f"{at} [{done}/{total}] ", plain), (_label(package), dim)], columns)


def _label(package: Package | None) -> str:
    if package is None:
        return "Installing wheels..."
    origin = f" (from {package.origin})" if package.origin else ""
    return f"{package.name}=={package.version}{origin}"


class PreparationRows:
    """Builds, the count, and downloads from the smallest to the largest, as far as the screen has room."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self._name = _LEAST_NAME

    def draw(self, seconds: float, printed: int, columns: int, rows: int) -> list[str]:
        """The rows after some seconds; so many builds are lines above them by now."""
        screen = [building(build, columns) for build in self._preparation.builds[printed:] if build.started]
        for line in self._lines(seconds):
            folded = fold(line, columns)
            # A line that does not fit is left out, and so are all that come after it.
            if len(screen) + len(folded) > rows:
                break
            screen += folded
        return screen[:rows]

    def _lines(self, seconds: float) -> Iterator[Parts]:
        done, total = self._preparation.done, self._preparation.total
        yield [_spinner(seconds), (" ", plain), ("Preparing packages...", dim), (f" ({done}/{total})", plain)]
        shown = [transfer for transfer in self._preparation.transfers if transfer.started]
        # The column only grows: a long name moves the bars of all others to the right, for good.
        self._name = max([self._name, *(len(transfer.package.name) for transfer in shown)])
        for transfer in sorted(shown, key=lambda transfer: transfer.size):
            yield _download(transfer, self._name)


def _download(transfer: Transfer, name: int) -> Parts:
    done = transfer.received * _BAR // transfer.size
    return [
        (f"{transfer.package.name:{name}}", dim),
        (" ", plain),
        ("-" * done, green),
        ("-" * (_BAR - done), lambda text: dim(black(text))),
        (f" {binary(transfer.received):>7}/{binary(transfer.size)}", plain),
    ]


def _spinner(seconds: float) -> tuple[str, Style]:
    return spinner((1 + int(seconds / _TICK)) % _FRAMES), white
