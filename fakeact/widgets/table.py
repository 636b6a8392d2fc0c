"""Tables and rules: rows of cells as lines of text."""

from collections.abc import Iterable, Sequence

from fakeact.ansi import crop, pad, width

Rows = Iterable[Sequence[str]]

_ALIGN = {"l": "left", "r": "right", "c": "center"}
# Left end, line, crossing, right end; for the top, below the header, and the bottom.
_BOX = ("┌─┬┐", "├─┼┤", "└─┴┘", "│")
_ASCII_BOX = ("+-++", "+-++", "+-++", "|")


def table(
    rows: Rows,
    header: Sequence[str] = (),
    *,
    align: str = "",
    gap: int = 2,
    ruled: bool = False,
    ascii: bool = False,
    ncols: int | None = None,
) -> list[str]:
    """Plain columns, as lines; ``align`` has l, r or c for each column, l where it is too short.

    Cells are single lines and may be coloured. ``ruled`` underlines the header; lines are cut at ``ncols``.

    >>> for line in table([["node-01", "8"], ["node-117", "16"]], ["NODE", "GPUS"], align="lr"): print(line)
    NODE      GPUS
    node-01      8
    node-117    16
    """
    cells, widths = _layout(rows, header, align)
    lines = [(" " * gap).join(row).rstrip(" ") for row in cells]
    if ruled and header:
        lines.insert(1, (" " * gap).join(("-" if ascii else "─") * cells for cells in widths))
    return _cut(lines, ncols)


def box_table(
    rows: Rows,
    header: Sequence[str] = (),
    *,
    align: str = "",
    ascii: bool = False,
    ncols: int | None = None,
) -> list[str]:
    """Columns in a frame, as lines; see `table`.

    >>> for line in box_table([["loss", "2.31"]], ["metric", "value"], align="lr"): print(line)
    ┌────────┬───────┐
    │ metric │ value │
    ├────────┼───────┤
    │ loss   │  2.31 │
    └────────┴───────┘
    """
    cells, widths = _layout(rows, header, align)
    if not widths:
        return []
    top, middle, bottom, side = _ASCII_BOX if ascii else _BOX
    lines = [f"{side} {f' {side} '.join(row)} {side}" for row in cells]
    if header:
        lines.insert(1, _border(middle, widths))
    return _cut([_border(top, widths), *lines, _border(bottom, widths)], ncols)


def markdown_table(
    rows: Rows, header: Sequence[str], *, align: str = "", margin: int = 1, ncols: int | None = None
) -> list[str]:
    """Columns in Markdown, as lines; ``margin`` is 0 in lm-eval's tables, which centre their header.

    >>> for line in markdown_table([["piqa", "0.7889"]], ["Tasks", "Value"], align="lr"): print(line)
    | Tasks |  Value |
    |-------|-------:|
    | piqa  | 0.7889 |
    """
    # Three dashes are the least that every renderer takes for a rule.
    least = ["-" * (3 - 2 * min(margin, 1))] * len(header)
    cells, widths = _layout([least, *rows], header, align)
    blank = " " * margin
    lines = [f"|{'|'.join(blank + cell + blank for cell in row)}|" for row in cells]
    dashes = ["-" * (cells + 2 * margin) for cells in widths]
    marked = [_mark(line, side) for line, side in zip(dashes, align.ljust(len(widths), "l"), strict=False)]
    return _cut([lines[0], f"|{'|'.join(marked)}|", *lines[2:]], ncols)


def rule(width: int, title: str = "", *, line: str = "─", ascii: bool = False) -> str:
    """A line across so many cells with a title in its middle.

    >>> rule(20, "summary"), rule(12, ascii=True)
    ('───── summary ──────', '------------')
    """
    line = "-" if ascii else line
    text = crop(f" {title} ", width) if title else ""
    return _centre(text, width, line)


def _centre(text: str, cells: int, filler: str) -> str:
    gap = max(cells - width(text), 0)
    return filler * (gap // 2) + text + filler * (gap - gap // 2)


def _layout(rows: Rows, header: Sequence[str], align: str) -> tuple[list[list[str]], list[int]]:
    """All rows, the header first, with every cell filled up to its column's width; and the widths."""
    given = [list(row) for row in ([header] if header else [])] + [list(row) for row in rows]
    columns = max(map(len, given), default=0)
    full = [row + [""] * (columns - len(row)) for row in given]
    widths = [max(map(width, column)) for column in zip(*full, strict=True)]
    sides = [_ALIGN[side] for side in align.ljust(columns, "l")]
    return [[pad(*cell) for cell in zip(row, widths, sides, strict=False)] for row in full], widths


def _border(ends: Sequence[str], widths: Sequence[int]) -> str:
    left, line, crossing, right = ends
    return left + crossing.join(line * (cells + 2) for cells in widths) + right


def _mark(dashes: str, side: str) -> str:
    left, right = (":" if side == "c" else ""), (":" if side in "rc" else "")
    return left + dashes[len(left) + len(right) :] + right


def _cut(lines: list[str], ncols: int | None) -> list[str]:
    return lines if ncols is None else [crop(line, ncols) for line in lines]
