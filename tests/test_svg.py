"""Animated pictures: what they show in a browser, against what a terminal shows; and how they are made."""

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pyte
import pytest

import fakeact
from fakeact import IO, Module
from fakeact.plugins import discover
from fakeact.recording import Recording
from fakeact.recording.drawing import CELL, LINE, Inks, draw
from fakeact.recording.film import Picture, Row, film
from fakeact.recording.layers import CLEAR, layers
from fakeact.recording.shapes import opacity, rectangles
from fakeact.recording.svg import HOLD, MARGIN, RATE, svg
from fakeact.recording.theme import BACKGROUND, FOREGROUND, SIXTEEN
from fakeact.style import bold, dim, green, on_palette, palette, red, reverse, rgb
from tests.chromium import DRAW_AS_IMAGE, LOOK_AT_POINTS, browse
from tests.test_screen import Pyte

SLOW = 2.0
"""Pictures a second where a browser looks at every cell: it takes time for each row that there is."""
NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
PYTE_COLOURS = {
    **dict(zip(NAMES, SIXTEEN[:8], strict=True)),
    **{f"bright{name}": colour for name, colour in zip(NAMES, SIXTEEN[8:], strict=True)},
    "brightyellow": SIXTEEN[11],
    "bfightmagenta": SIXTEEN[13],  # as pyte spells it
}


async def colours(io: IO, rng: Random, *, lines: int = 30) -> None:
    """Print lines in all sorts of colour above live rows that move, then an end without them."""
    styles = [red, bold, palette(208), on_palette(57), rgb(10, 200, 30), reverse, dim, lambda text: text]
    async with io.live() as live:
        for number in range(lines):
            await io.print(f"{number:3} {rng.choice(styles)('損失 <loss> & ok')} {rng.random():.4f}  {'█' * 3}▌ ── é")
            await live.show(green(f"row {number}"), on_palette(rng.randrange(256))("▀▄") + "░▓ ┌─┐")
            await io.csleep(rng.uniform(50, 700))
    await io.print("the end")


@lru_cache
def shows() -> dict[str, Recording]:
    """What is compared: everything at once, bars and a grid, a heat map of half blocks."""
    quick = {"dialect": "pytorch", "gpus": 8}  # trains well within the minute, whatever the seed
    heat = {"gpus": 16384, "grid": "pinned", "dialect": "pytorch"}
    return {
        "colours": fakeact.record(Module("colours", "", colours), seed=1, size=(60, 12)),
        "training": fakeact.record("llm_training", seed=7, seconds=60, options=quick),
        "heat": fakeact.record("llm_training", seed=1, seconds=60, size=(90, 24), options=heat),
    }


def as_hex(fill: str) -> str:
    """A colour as Chromium says it, as we do."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", fill)[:3])


def seen_in_pyte(recording: Recording, moment: float) -> Pyte:
    """The terminal after all that is on the picture of a moment: not the clearing away when it is stopped."""
    columns, rows = recording.size
    screen = Pyte(columns, rows)
    stream = pyte.Stream(screen)
    for frame in recording.frames:
        if frame.at <= moment + 1e-6 and (frame.at < recording.seconds or recording.ended != "stopped"):
            stream.feed(frame.text.replace("\n", "\r\n"))
    return screen


def pyte_colour(name: str, otherwise: str) -> str:
    return otherwise if name == "default" else PYTE_COLOURS.get(name, f"#{name}")


def expected(screen: Pyte, x: int, y: int) -> tuple[str, str, str, str]:
    """Character, ink, weight, and the colour of what is behind it or of the shape that is drawn for it."""
    cell = screen.buffer[y][x]
    ink, paper = pyte_colour(cell.fg, FOREGROUND), pyte_colour(cell.bg, BACKGROUND)
    if cell.reverse:
        ink, paper = paper, ink
    if rectangles(cell.data):
        return " ", "", "", ink
    return cell.data, ink if cell.data != " " else "", "700" if cell.bold else "400", paper


def point(screen: Pyte, x: int, y: int) -> tuple[float, float]:
    """Where to look at a cell: in its middle, or within the shape."""
    across, down = 4.0, 4.0
    if shape := rectangles(screen.buffer[y][x].data):
        left, top, wide, high = shape[0]
        across, down = left + wide / 2, top + high / 2
    return MARGIN + (x + across / 8) * CELL, MARGIN + (y + down / 8) * LINE


@pytest.mark.parametrize("name", ["colours", "training", "heat"])
def test_chromium_shows_what_a_terminal_shows(name: str, tmp_path: Path) -> None:
    """At moments all over a show every cell has the character, the colours and the weight that pyte has."""
    recording = shows()[name]
    pictures = film(recording, SLOW)
    picked = [pictures[i * (len(pictures) - 1) // 3].at for i in range(4)]
    screens = {at: seen_in_pyte(recording, at) for at in picked}
    columns, rows = recording.size
    cells = [(x, y) for y in range(rows) for x in range(columns)]
    asked = [(at + 0.001, [point(screens[at], x, y) for x, y in cells]) for at in picked]
    found = browse(tmp_path, LOOK_AT_POINTS, asked, svg(recording, SLOW))
    for at, looks in zip(picked, found, strict=True):
        compare(screens[at], cells, looks, f"{name} at {at}")


def bare_point(screen: Pyte, x: int, y: int) -> tuple[float, float] | None:
    """A point of a cell that its block or line leaves bare, if there is one."""
    shape = rectangles(screen.buffer[y][x].data)
    for across, down in ((0.3, 0.3), (7.7, 0.3), (0.3, 7.7), (7.7, 7.7)):
        covered = any(a <= across <= a + w and b <= down <= b + h for a, b, w, h in shape)
        if shape and not covered:
            return MARGIN + (x + across / 8) * CELL, MARGIN + (y + down / 8) * LINE
    return None


def test_shapes_leave_the_rest_of_a_cell_bare(tmp_path: Path) -> None:
    """Half blocks, narrow blocks and lines cover no more of a cell than they should."""
    recording = shows()["colours"]
    at = film(recording, RATE)[8].at
    screen = seen_in_pyte(recording, at)
    points = {(x, y): bare_point(screen, x, y) for y in range(12) for x in range(60)}
    bare = {cell: point for cell, point in points.items() if point}
    (looks,) = browse(tmp_path, LOOK_AT_POINTS, [(at + 0.001, list(bare.values()))], svg(recording))
    assert len(bare) > 20
    for (x, y), look in zip(bare, looks, strict=True):
        cell = screen.buffer[y][x]
        paper = pyte_colour(cell.fg, FOREGROUND) if cell.reverse else pyte_colour(cell.bg, BACKGROUND)
        assert as_hex(look[4]) == paper, (x, y, cell)


def compare(screen: Pyte, cells: list[tuple[int, int]], looks: list[Any], where: str) -> None:
    differences = []
    for (x, y), (character, ink, weight, _, behind) in zip(cells, looks, strict=True):
        text, colour, heavy, paper = expected(screen, x, y)
        if text == "" or (x and len(screen.buffer[y][x - 1].data) and not screen.buffer[y][x].data):
            continue  # the second half of a wide character
        shown = (character, as_hex(ink) if text != " " else "", as_hex(behind))
        if shown != (text, colour, paper) or (text != " " and weight != heavy):
            differences.append(((x, y), shown, weight, (text, colour, paper, heavy)))
    assert not differences, f"{where}: {len(differences)} cells differ: {differences[:4]}"


def test_less_motion_is_the_last_picture(tmp_path: Path) -> None:
    """Where less motion is wanted the last picture stands still."""
    recording = shows()["training"]
    last = film(recording, SLOW)[-1].at
    screen = seen_in_pyte(recording, last)
    cells = [(x, y) for y in range(24) for x in range(80)]
    asked = [(None, [point(screen, x, y) for x, y in cells])]
    (looks,) = browse(tmp_path, LOOK_AT_POINTS, asked, svg(recording, SLOW), "--force-prefers-reduced-motion")
    compare(screen, cells, looks, "still")


def test_it_is_drawn_as_an_image(tmp_path: Path) -> None:
    """An <img>, as in a README, shows it in its size and colours."""
    drawing = svg(fakeact.record(Module("colours", "", colours), seed=1, size=(60, 12)))
    found = browse(tmp_path, DRAW_AS_IMAGE, drawing)
    assert found["size"] == [60 * CELL + 2 * MARGIN, 12 * LINE + 2 * MARGIN]
    as_numbers = ",".join(str(int(BACKGROUND[i : i + 2], 16)) for i in (1, 3, 5))
    assert as_numbers in found["colours"]
    assert len(found["colours"]) > 20


# How it is made


def rows_of(*texts: str) -> tuple[Row, ...]:
    return tuple(tuple((character, frozenset[str]()) for character in text) for text in texts)


def replayed(pictures: list[Picture]) -> list[tuple[Row, ...]]:
    """What the layers of these pictures show, at each picture's moment."""
    made = layers(pictures)

    def at(steps: list[tuple[float, int]], moment: float) -> int:
        return [place for begin, place in steps if begin <= moment][-1]

    seen = []
    for picture in pictures:
        scroll, curtain = at(made.scroll, picture.at), at(made.curtain, picture.at)
        rows = []
        for y, strip in enumerate(made.strips):
            place = at(strip.steps, picture.at)
            behind = made.paper[scroll + y] if scroll + y < curtain else ()
            rows.append(behind if place == CLEAR else strip.contents[place])
        seen.append(tuple(rows))
    return seen


@pytest.mark.parametrize("name", ["colours", "training", "heat"])
def test_layers_lose_nothing(name: str) -> None:
    """Paper, curtain and strips together show every picture of the film."""
    pictures = film(shows()[name], RATE)
    assert replayed(pictures) == [picture.rows for picture in pictures]


def test_what_scrolls_is_drawn_once() -> None:
    """A log above a bar: each line is on paper, and only the bar's row has contents of its own."""
    pictures = [
        Picture(0.0, 0, rows_of("a", "1 %", "")),
        Picture(1.0, 0, rows_of("a", "b", "2 %")),
        Picture(2.0, 1, rows_of("b", "c", "3 %")),
        Picture(3.0, 2, rows_of("c", "d", "4 %")),
    ]
    made = layers(pictures)
    assert [[len(strip.contents) for strip in made.strips]] == [[0, 1, 2]]
    assert made.scroll == [(0.0, 0), (2.0, 1), (3.0, 2)]
    assert replayed(pictures) == [picture.rows for picture in pictures]


def test_pictures_come_at_a_steady_rate() -> None:
    """Not more than so many a second, none before its frame, and a show's end is not cleared away."""
    recording = shows()["training"]
    pictures = film(recording, RATE)
    assert all(picture.at * RATE == int(picture.at * RATE) for picture in pictures)
    assert min(b.at - a.at for a, b in pairwise(pictures)) >= 1 / RATE
    assert "Step:" in "".join(text for row in pictures[-1].rows for text, _ in row)


def test_a_minute_of_training_is_a_small_file() -> None:
    """A minute at 80 by 24 stays below 400 kB, in every dialect and with a heat map."""
    for dialect in ("pytorch", "megatron", "torchtitan", "hf", "deepspeed", "nemo"):
        recording = fakeact.record("llm_training", seed=7, seconds=60, options={"dialect": dialect})
        assert len(svg(recording).encode()) < 400_000


def test_it_is_plain_svg() -> None:
    """Well-formed, without script, links or anything from elsewhere; the command is in it."""
    drawing = svg(shows()["colours"])
    root = ET.fromstring(drawing)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "defs", "g", "path", "text", "tspan", "use"}
    assert re.findall(r"(?:href|src)=\"([^#].*?)\"|url\(", drawing) == []
    assert "--seed 1" in drawing.partition("<desc>")[2].partition("</desc>")[0]
    lasts = {float(seconds) for seconds in re.findall(r"([\d.]+)s step-end infinite", drawing)}
    assert len(lasts) == 1
    assert 0 <= lasts.pop() - HOLD - shows()["colours"].seconds < 1 / RATE


@pytest.mark.parametrize("name", sorted(discover().modules))
def test_every_module_has_a_picture_at_any_size(name: str) -> None:
    """On a small and on a wide terminal each module's beginning is a well-formed picture that loses nothing."""
    for size in ((40, 12), (120, 30)):
        recording = fakeact.record(name, seed=2, seconds=20, size=size, prompt=True)
        pictures = film(recording, RATE)
        assert replayed(pictures) == [picture.rows for picture in pictures]
        ET.fromstring(svg(recording))


def test_every_stretch_of_text_says_how_long_it_is() -> None:
    """Whatever font there is, columns stay below each other: text has a place and a length in cells."""
    cells = [("a", frozenset[str]()), ("損", frozenset[str]()), ("●", frozenset({"31"})), ("b", frozenset[str]())]
    drawn = draw(tuple(cells), 0, Inks())
    assert re.findall(r'x="(\d+)" y="13" textLength="(\d+)"', drawn) == [
        ("0", "8"), ("8", "16"), ("24", "8"), ("32", "8"),
    ]  # fmt: skip


def test_blocks_cover_what_their_names_say() -> None:
    """Eighths, halves, quadrants and shades have the area that Unicode's names tell."""

    def area(character: str) -> float:
        return sum(wide * high for _, _, wide, high in rectangles(character)) / 64

    assert [area(c) for c in "▁▂▃▄▅▆▇█"] == [n / 8 for n in range(1, 9)]
    assert [area(c) for c in "▏▎▍▌▋▊▉"] == [n / 8 for n in range(1, 8)]
    assert [area(c) for c in "▀▐▔▕▖▞▟"] == [0.5, 0.5, 0.125, 0.125, 0.25, 0.5, 0.75]
    assert [opacity(c) for c in "░▒▓█"] == [0.25, 0.5, 0.75, 1]
    assert not any(rectangles(c) for c in "aé損●⠋╱")


def test_lines_meet_at_the_edges_of_cells() -> None:
    """A box's lines reach the sides they lead to, and no other."""

    def reached(character: str) -> set[str]:
        parts = rectangles(character)
        return {
            side
            for x, y, wide, high in parts
            for side, there in (("l", x == 0), ("r", x + wide == 8), ("u", y == 0), ("d", y + high == 8))
            if there
        }

    assert {c: reached(c) for c in "─│┌╯┤┼╸┃"} == {
        "─": set("lr"), "│": set("ud"), "┌": set("rd"), "╯": set("lu"),
        "┤": set("lud"), "┼": set("lrud"), "╸": set("l"), "┃": set("ud"),
    }  # fmt: skip
