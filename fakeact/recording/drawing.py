"""A row of cells as SVG: backgrounds, blocks as shapes, text in stretches of a length that is told.

A font's characters may be a little wider or narrower than a cell. So that columns stay below each other in any
font, each stretch says how long it is, and what may come from another font is a stretch of its own.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from fakeact.ansi import cell_width
from fakeact.recording.film import Row
from fakeact.recording.look import PLAIN, Look, look
from fakeact.recording.shapes import opacity, rectangles
from fakeact.recording.theme import FOREGROUND

CELL, LINE, BASE = 8, 17, 13
"""Width and height of a cell, and the text's base line below its top, in user units."""
FONT = 13.3333
"""Size of a font whose characters are 0.6 of that wide, as most for terminals are."""
Piece = tuple[int, str, Look]
"""A column, a character, and its look."""


class Inks:
    """Short names for looks, in the order in which they come up."""

    def __init__(self) -> None:
        self._names: dict[Look, str] = {}

    def attribute(self, look: Look) -> str:
        """What an element needs so that it has this look."""
        ink = look._replace(paper=None)
        if ink == PLAIN:
            return ""
        return f" class={self._names.setdefault(ink, _name(len(self._names)))!r}".replace("'", '"')

    def rules(self) -> str:
        """A style sheet."""
        return "".join(f".{name}{{{';'.join(_declarations(look))}}}" for look, name in self._names.items())


def _name(number: int) -> str:
    """A short name; names are never those of rows and layers, which have a digit or stand alone.

    >>> _name(0), _name(25), _name(26)
    ('a', 'z', 'aa')
    """
    head, tail = divmod(number, 26)
    return (_name(head - 1) if head else "") + "abcdefghijklmnopqrstuvwxyz"[tail]


def _declarations(look: Look) -> Iterator[str]:
    if look.ink != FOREGROUND:
        yield f"fill:{_short(look.ink)}"
    if look.bold:
        yield "font-weight:700"
    if look.dim:
        yield "opacity:.6"
    if look.italic:
        yield "font-style:italic"
    lines = [name for name, wanted in (("underline", look.underline), ("line-through", look.strike)) if wanted]
    if lines:
        yield f"text-decoration:{' '.join(lines)}"


def _short(colour: str) -> str:
    """The shorter spelling of a colour where it has one."""
    pairs = colour[1::2], colour[2::2]
    return f"#{pairs[0]}" if pairs[0] == pairs[1] else colour


def draw(row: Row, line: int, inks: Inks) -> str:
    """A row, so many lines below the origin."""
    pieces = list(_pieces(row))
    top = line * LINE
    return "".join((*_papers(pieces, top, inks), *_shapes(pieces, top, inks), *_texts(pieces, top, inks)))


def _pieces(row: Row) -> Iterator[Piece]:
    column = 0
    for text, style in row:
        yield column, text, look(style)
        column += _cells(text)


def _cells(text: str) -> int:
    return cell_width(text[0]) if text else 1


def _papers(pieces: Iterable[Piece], top: int, inks: Inks) -> Iterator[str]:
    for paper, run in groupby(pieces, lambda piece: piece[2].paper):
        if paper:
            cells = list(run)
            wide = cells[-1][0] + _cells(cells[-1][1]) - cells[0][0]
            shape = _rectangle(cells[0][0] * CELL, top, wide * CELL, LINE)
            yield f'<path{inks.attribute(Look(paper))} d="{shape}"/>'


def _shapes(pieces: Iterable[Piece], top: int, inks: Inks) -> Iterator[str]:
    """One path for each colour, in which equal neighbours are one rectangle."""
    paths: dict[tuple[Look, float], list[str]] = {}
    for (text, each), run in groupby(pieces, lambda piece: piece[1:]):
        if not (parts := rectangles(text)):
            continue
        cells = list(run)
        left = cells[0][0]
        path = paths.setdefault((Look(each.ink, dim=each.dim), opacity(text)), [])
        for x, y, wide, high in parts:
            through = (x, wide) == (0, 8)
            for column in (left,) if through else range(left, left + len(cells)):
                across = CELL * (len(cells) if through else wide / 8)
                path.append(_rectangle((column + x / 8) * CELL, top + y * LINE / 8, across, high * LINE / 8))
    for (ink, share), shapes in paths.items():
        see_through = f' opacity="{share:g}"' if share < 1 else ""
        yield f'<path{inks.attribute(ink)}{see_through} d="{"".join(shapes)}"/>'


def _rectangle(x: float, y: float, wide: float, high: float) -> str:
    return f"M{_n(x)} {_n(y)}h{_n(wide)}v{_n(high)}h{_n(-wide)}z"


def _n(number: float) -> str:
    """A number with as few characters as it takes.

    >>> _n(12.0), _n(0.5), _n(-0.25)
    ('12', '.5', '-.25')
    """
    text = f"{number:.3f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _texts(pieces: list[Piece], top: int, inks: Inks) -> Iterator[str]:
    """Stretches of text with nothing between them but blanks and characters that most fonts have are one."""
    stretch: list[Piece] = []
    for piece in [*pieces, (0, "", PLAIN)]:
        if _is_common(piece[1]) and (stretch or piece[1] != " " or _is_marked(piece[2])):
            stretch.append(piece)
            continue
        yield from _stretch(_trimmed(stretch), top, inks)
        stretch = []
        if piece[1] not in ("", " ") and not rectangles(piece[1]):
            yield from _stretch([piece], top, inks)


def _is_common(text: str) -> bool:
    """Whether a character comes from the same font as its neighbours: those of ASCII and Latin-1 do."""
    return len(text) == 1 and (" " <= text <= "~" or "\xa1" <= text <= "\xff") and text != "\xad"


def _is_marked(look: Look) -> bool:
    """Whether a blank is seen."""
    return look.underline or look.strike


def _trimmed(stretch: list[Piece]) -> list[Piece]:
    while stretch and stretch[-1][1] == " " and not _is_marked(stretch[-1][2]):
        stretch.pop()
    return stretch


def _stretch(pieces: list[Piece], top: int, inks: Inks) -> Iterator[str]:
    if not pieces:
        return
    runs = [(ink, "".join(piece[1] for piece in run)) for ink, run in _alike(pieces)]
    long = (pieces[-1][0] + _cells(pieces[-1][1]) - pieces[0][0]) * CELL
    place = f'x="{pieces[0][0] * CELL}" y="{top + BASE}" textLength="{long}"'
    if len(runs) == 1:
        yield f"<text {place}{inks.attribute(runs[0][0])}>{_escape(runs[0][1])}</text>"
    else:
        yield f"<text {place}>{''.join(_span(text, ink, inks) for ink, text in runs)}</text>"


def _alike(pieces: list[Piece]) -> Iterator[tuple[Look, list[Piece]]]:
    """Runs of one look; blanks take that of what is before them, as nobody sees it."""
    run: list[Piece] = []
    for piece in pieces:
        ink = piece[2]._replace(paper=None)
        if (
            run
            and ink != run[0][2]._replace(paper=None)
            and (piece[1] != " " or _is_marked(ink) or _is_marked(run[0][2]))
        ):
            yield run[0][2], run
            run = []
        run.append(piece)
    yield run[0][2], run


def _span(text: str, look: Look, inks: Inks) -> str:
    attribute = inks.attribute(look)
    return f"<tspan{attribute}>{_escape(text)}</tspan>" if attribute else _escape(text)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
