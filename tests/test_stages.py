"""What reaches a terminal or a pipe: colours it has, characters it knows, modes it understands."""

import io
import os
import pty
import select

import pytest

from fakeact import ansi
from fakeact.stages.colour import Depth, choose_depth, fit
from fakeact.stages.glyphs import encodable
from fakeact.stages.opening import open_stage
from fakeact.stages.plain import PlainStage
from fakeact.stages.terminal import Abilities, TerminalStage
from fakeact.style import bold, palette, red, rgb
from fakeact.widgets import bar, sparkline, spinner

X = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("when", "env", "tty", "depth"),
    [
        ("always", {"NO_COLOR": "1"}, False, Depth.ANSI),
        ("never", {"FORCE_COLOR": "1"}, True, Depth.NONE),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, Depth.NONE),
        ("auto", {"NO_COLOR": "", **X}, True, Depth.PALETTE),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, Depth.ANSI),
        ("auto", {"FORCE_COLOR": "0"}, False, Depth.ANSI),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, Depth.ANSI),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, Depth.NONE),
        ("auto", {"TERM": "dumb"}, True, Depth.NONE),
        ("auto", {"CLICOLOR": "0", **X}, True, Depth.NONE),
        ("auto", X, True, Depth.PALETTE),
        ("auto", X, False, Depth.NONE),
        ("auto", {**X, "COLORTERM": "truecolor"}, True, Depth.TRUE),
        ("auto", {"TERM": "xterm"}, True, Depth.ANSI),
    ],
)
def test_colour_is_decided_in_order(when: str, env: dict[str, str], tty: bool, depth: Depth) -> None:
    """The option, NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM, CLICOLOR, the terminal: the first that speaks."""
    assert choose_depth(when, env, tty) is depth


def test_colours_come_down_to_what_there_is() -> None:
    """A 24-bit colour becomes the nearest of 256, of 16, or none; text and emphasis stay."""
    text = bold(rgb(255, 0, 0)("x")) + palette(21)("y")
    assert fit(text, Depth.TRUE) == text
    assert fit(text, Depth.PALETTE) == bold(palette(196)("x")) + palette(21)("y")
    assert ansi.sgr(91) in fit(text, Depth.ANSI)
    assert "38;" not in fit(text, Depth.ANSI)
    assert fit(text, Depth.NONE) == "xy"


@pytest.mark.parametrize("index", range(256))
def test_every_palette_colour_has_a_neighbour_among_sixteen(index: int) -> None:
    """No colour of the palette is left over on a terminal with sixteen."""
    code = ansi.SGR.match(fit(palette(index)("x"), Depth.ANSI))
    assert code is not None
    assert int(code[1]) in {*range(30, 38), *range(90, 98)}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_widgets_have_ascii_forms(encoding: str) -> None:
    """Whatever a widget draws can be encoded, takes as many cells, and is not a row of question marks."""
    for text in (bar(0.45, 20), sparkline(range(40)), spinner(3), "●▲✖ 63°C ▀▀ → ✓ … “x”", "損失"):
        shown = encodable(text, encoding)
        shown.encode(encoding)
        assert ansi.width(shown) == ansi.width(text)
    assert "?" not in encodable(bar(0.45, 20) + sparkline(range(40)) + "●▲✖ 63°C ▀▀ → ✓ … “x”", encoding)


def played(text: str, abilities: Abilities, saver: bool = False, encoding: str = "utf-8") -> str:
    """What a terminal receives for a frame and the end."""
    master, slave = pty.openpty()
    try:
        with os.fdopen(os.dup(slave), "w", encoding=encoding) as stream:
            stage = TerminalStage(stream, abilities, saver)
            stage.open()
            stage.write(text)
            stage.close()
        data = b""
        while select.select([master], [], [], 0.05)[0]:
            data += os.read(master, 1 << 16)
        return data.decode(encoding)
    finally:
        os.close(master)
        os.close(slave)


def test_a_redrawn_frame_is_synchronized() -> None:
    """Only what redraws something is bracketed; a line is just a line."""
    can = Abilities(Depth.TRUE)
    assert played("line\n", can) == "line\r\r\n"
    assert played("\rx", can) == ansi.BEGIN_SYNC + "\rx" + ansi.END_SYNC


def test_an_old_terminal_gets_no_modes() -> None:
    """A VT100 is sent neither synchronized output nor cursor hiding nor the alternate screen."""
    shown = played("\r" + ansi.HIDE_CURSOR + "x" + ansi.ERASE_RIGHT, Abilities(Depth.NONE, modes=False), saver=True)
    assert shown == "\rx" + ansi.ERASE_RIGHT


def test_a_saver_has_a_screen_of_its_own() -> None:
    """The alternate screen with the cursor hidden throughout, and all of it given back."""
    shown = played(ansi.HIDE_CURSOR + "x" + ansi.SHOW_CURSOR, Abilities(Depth.TRUE), saver=True)
    begin, end = shown.split("x")
    assert begin == ansi.ENTER_ALTERNATE + ansi.HIDE_CURSOR
    assert end == ansi.RESET + ansi.SHOW_CURSOR + ansi.LEAVE_ALTERNATE


def test_a_hidden_cursor_is_shown_at_the_end() -> None:
    """A frame that left the cursor hidden does not leave it so for good."""
    assert played(ansi.HIDE_CURSOR + "x", Abilities(Depth.TRUE)).endswith(ansi.SHOW_CURSOR)


def test_a_latin_terminal_gets_what_it_knows() -> None:
    """In another encoding blocks become ASCII and letters stay."""
    assert "63°C #####" in played("63°C █████", Abilities(Depth.TRUE), encoding="latin-1")


class Stream(io.StringIO):
    """A text stream that may pretend to be a terminal."""

    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    def fileno(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("env", "tty", "stage"),
    [(X, True, TerminalStage), (X, False, PlainStage), ({"TERM": "dumb"}, True, PlainStage), ({}, True, TerminalStage)],
)
def test_motion_needs_a_terminal(env: dict[str, str], tty: bool, stage: type) -> None:
    """Motion is decided apart from colour: on a terminal that is not dumb."""
    assert isinstance(open_stage(Stream(tty), "auto", env), stage)


@pytest.mark.parametrize(
    ("env", "size"),
    [
        ({}, (80, 24)),
        ({"COLUMNS": "120", "LINES": "50"}, (120, 50)),
        ({"COLUMNS": "-3", "LINES": "x"}, (80, 24)),
        ({"COLUMNS": "0", "LINES": "99999999999"}, (80, 24)),
        ({"COLUMNS": "٣", "LINES": ""}, (80, 24)),
    ],
)
def test_a_size_that_cannot_be_known(env: dict[str, str], size: tuple[int, int]) -> None:
    """COLUMNS and LINES count where the terminal does not tell, if they are sensible."""
    assert open_stage(Stream(False), "auto", env).size() == size


def test_the_codes_are_coloramas() -> None:
    """style.py spells out what colorama lists."""
    from colorama import Back, Fore, Style

    from fakeact import style

    for name in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"):
        assert getattr(style, name)("x").startswith(getattr(Fore, name.upper()))
        assert getattr(style, f"on_{name}")("x").startswith(getattr(Back, name.upper()))
        assert getattr(style, f"bright_{name}")("x").startswith(getattr(Fore, f"LIGHT{name.upper()}_EX"))
    assert bold("x").startswith(Style.BRIGHT)
    assert red("x").endswith(Fore.RESET)
