"""An animated SVG in one file: style sheets move strips of rows, no script; looks like the terminal.

Whoever wants less motion (``prefers-reduced-motion``), and what knows no animation, sees the last picture.
"""

from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from fakeact.recording.drawing import CELL, FONT, LINE, Inks, draw
from fakeact.recording.film import Row, film
from fakeact.recording.layers import CLEAR, Layers, Steps, Strip, layers
from fakeact.recording.theme import BACKGROUND, FOREGROUND

if TYPE_CHECKING:
    from fakeact.recording import Recording

RATE = 8.0
"""Pictures in a second at the most: enough for bars and counters, and half as large as with thirty."""
HOLD = 2.0
"""Seconds for which the last picture stands before the show begins again."""
MARGIN = 10
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
WORTH_SHARING = 80
"""Characters a drawn row has at the least to be drawn once and used where it is seen again."""


def svg(recording: "Recording", rate: float = RATE) -> str:
    """A recording as an animated picture, with at most *rate* pictures in a second."""
    pictures = film(recording, rate)
    return _Sheet(recording, layers(pictures), max(recording.seconds, pictures[-1].at) + HOLD).text()


class _Sheet:
    """The parts of a file, in the order in which they are made."""

    def __init__(self, recording: "Recording", made: Layers, seconds: float) -> None:
        self._recording, self._layers, self._seconds = recording, made, seconds
        self._inks = Inks()
        self._rules: list[str] = []
        self._shared: dict[Row, tuple[int, str]] = {}
        seen = Counter(made.paper)
        for strip in made.strips:
            seen.update(strip.contents)
        self._repeated = {row for row, times in seen.items() if times > 1}

    def text(self) -> str:
        columns, rows = self._recording.size
        wide, high = columns * CELL, rows * LINE
        body = "".join((self._paper(wide, high), *self._strips(wide)))
        shared = "".join(drawn for _, drawn in self._shared.values())
        whole = f"{wide + 2 * MARGIN} {high + 2 * MARGIN}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole}" width="{wide + 2 * MARGIN}" role="img">'
            f"<title>{escape(self._recording.title)}</title><desc>{escape(self._recording.command)}</desc>"
            f"<style>{self._style()}</style>"
            f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
            f'<svg x="{MARGIN}" y="{MARGIN}" width="{wide}" height="{high}" color="{FOREGROUND}" xml:space="preserve">'
            f"{f'<defs>{shared}</defs>' if shared else ''}{body}</svg></svg>\n"
        )

    def _style(self) -> str:
        return (
            f"text{{font:{FONT}px {FONTS};white-space:pre}}"
            f"{''.join(self._rules)}{self._inks.rules()}"
            "@media(prefers-reduced-motion:reduce){*{animation:none!important}}"
        )

    def _paper(self, wide: int, high: int) -> str:
        """What scrolls, and the curtain before what is not printed yet."""
        made = self._layers
        lines = "".join(self._row(row, line) for line, row in enumerate(made.paper) if row)
        self._move("P", [(at, -place) for at, place in made.scroll])
        self._move("N", made.curtain)
        curtain = f'<path class="N"{_still(made.curtain[-1][1])} fill="{BACKGROUND}" d="M0 0h{wide}v{2 * high}H0z"/>'
        return f'<g class="P"{_still(-made.scroll[-1][1])}>{lines}{curtain}</g>'

    def _strips(self, wide: int) -> Iterator[str]:
        for y, strip in enumerate(self._layers.strips):
            if strip.contents:
                yield self._strip(y, strip, wide)

    def _strip(self, y: int, strip: Strip, wide: int) -> str:
        name = f"R{y}"
        # Where nothing is shown the strip's place before the first is seen, which is not drawn.
        steps = [(at, 1 if place == CLEAR else -place) for at, place in strip.steps]
        self._move(name, steps)
        rows = "".join(self._row(row, place) for place, row in enumerate(strip.contents))
        paper = f'<path fill="{BACKGROUND}" d="M0 0h{wide}v{LINE * len(strip.contents)}H0z"/>'
        where = f' y="{y * LINE}"' if y else ""
        return f'<svg{where} height="{LINE}"><g class="{name}"{_still(steps[-1][1])}>{paper}{rows}</g></svg>'

    def _row(self, row: Row, line: int) -> str:
        """A row drawn where it is seen, or used from where it is drawn once."""
        if row not in self._repeated:
            return draw(row, line, self._inks)
        if row not in self._shared:
            drawn = draw(row, 0, self._inks)
            if len(drawn) < WORTH_SHARING:
                return draw(row, line, self._inks)
            number = len(self._shared)
            self._shared[row] = number, f'<g id="d{number}">{drawn}</g>'
        number, _ = self._shared[row]
        place = f' y="{line * LINE}"' if line else ""
        return f'<use href="#d{number}"{place}/>'

    def _move(self, name: str, steps: Steps) -> None:
        """A rule that moves what has this name to so many rows below, from moment to moment."""
        if len(steps) == 1:
            return
        frames = "".join(
            f"{_percent(at / self._seconds)}{{transform:translateY({place * LINE}px)}}" for at, place in steps
        )
        played = f"{name} {self._seconds:g}s step-end infinite"
        self._rules.append(f"@keyframes {name}{{{frames}}}.{name}{{animation:{played}}}")


def _still(place: int) -> str:
    """Where something is when nothing moves."""
    return f' transform="translate(0 {place * LINE})"' if place else ""


def _percent(share: float) -> str:
    return f"{100 * share:.3f}".rstrip("0").rstrip(".") + "%"
