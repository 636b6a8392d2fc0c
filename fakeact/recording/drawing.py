"""A row of cells as SVG: backgrounds, blocks as thick lines, text in stretches of a length that is told.

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
THICK = {LINE: ("F", ""), LINE / 2: ("H", "")}
"""Classes of lines as thick as a row, or half of it."""
STROKES = (
    "text,tspan{fill:currentColor}.F,.H,.L{stroke:currentColor}"
    f".F{{stroke-width:{LINE}}}.H{{stroke-width:{LINE / 2:g}}}"
)
Piece = tuple[int, str, Look]
"""A column, a character, and its look."""


class Inks:
    """Short names for looks, in the order in which they come up."""

    def __init__(self) -> None:
        self._names: dict[Look, str] = {}

    def attribute(self, look: Look, kind: str = "") -> str:
        """What an element of a kind needs so that it has this look."""
        ink = look._replace(paper=None)
        name = "" if ink == PLAIN else self._names.setdefault(ink, _name(len(self._names)))
        return f' class="{" ".join(filter(None, (kind, name)))}"' if kind or name else ""

    def rules(self) -> str:
        """A style sheet."""
        looks = "".join(f".{name}{{{';'.join(_declarations(look))}}}" for look, name in self._names.items())
        return STROKES + looks


def _name(number: int) -> str:
    """A short name; names are never those of rows and layers, which have a digit or stand alone.

    >>> _name(0), _name(25), _name(26)
    ('a', 'z', 'aa')
    """
    head, tail = divmod(number, 26)
    return (_name(head - 1) if head else "") + "abcdefghijklmnopqrstuvwxyz"[tail]


def _declarations(look: Look) -> Iterator[str]:
    if look.ink != FOREGROUND:
        yield f"color:{_short(look.ink)}"
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


Bars = dict[tuple[Look, float, float, float], list[tuple[float, float]]]
"""Rectangles by colour, opacity, middle and height: from where, how wide."""


def _papers(pieces: Iterable[Piece], top: int, inks: Inks) -> Iterator[str]:
    bars: Bars = {}
    for paper, run in groupby(pieces, lambda piece: piece[2].paper):
        if paper:
            cells = list(run)
            wide = cells[-1][0] + _cells(cells[-1][1]) - cells[0][0]
            bars.setdefault((Look(paper), 1, top + LINE / 2, LINE), []).append((cells[0][0] * CELL, wide * CELL))
    return _paths(bars, inks)


def _shapes(pieces: Iterable[Piece], top: int, inks: Inks) -> Iterator[str]:
    """Blocks and lines; equal neighbours are one."""
    bars: Bars = {}
    for (text, each), run in groupby(pieces, lambda piece: piece[1:]):
        if not (parts := rectangles(text)):
            continue
        columns = [cell[0] for cell in run]
        ink = Look(each.ink, dim=each.dim)
        for x, y, wide, high in parts:
            places = bars.setdefault((ink, opacity(text), top + (y + high / 2) * LINE / 8, high * LINE / 8), [])
            if (x, wide) == (0, 8):
                places.append((columns[0] * CELL, len(columns) * CELL))
            else:
                places += [((column + x / 8) * CELL, wide) for column in columns]
    return _paths(bars, inks)


def _paths(bars: Bars, inks: Inks) -> Iterator[str]:
    """Rectangles of one height in a row as one line as thick as that: half as many characters as outlines."""
    for (ink, share, middle, high), places in bars.items():
        line, at = f"M{_n(places[0][0])} {_n(middle)}", places[0][0]
        for x, wide in places:
            line += f"{f'm{_n(x - at)} 0' if x != at else ''}h{_n(wide)}"
            at = x + wide
        see_through = f' opacity="{share:g}"' if share < 1 else ""
        kind, thick = THICK.get(high, ("L", f' stroke-width="{_n(high)}"'))
        yield f'<path{inks.attribute(ink, kind)}{thick}{see_through} d="{line}"/>'


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
