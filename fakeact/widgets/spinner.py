"""Spinners: one frame of a small animation."""

from collections.abc import Sequence

# Frames of one style are equally wide, so that what follows stands still. The braille and
# quarter sets are those of cli-spinners, which npm, uv, rich and docker share.
SPINNERS: dict[str, Sequence[str]] = {
    "dots": "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    "snake": "⣾⣽⣻⢿⡿⣟⣯⣷",
    "line": "-\\|/",
    "pipe": "┤┘┴└├┌┬┐",
    "circle": "◐◓◑◒",
    "arc": "◜◠◝◞◡◟",
    "corner": "▖▘▝▗",
    "grow": "▁▃▄▅▆▇▆▅▄▃",
    "ellipsis": (".  ", ".. ", "...", "   "),
}


def spinner(frame: int, style: str = "dots", *, ascii: bool = False) -> str:
    r"""The frame of that number, which goes round; raises KeyError for a style not in `SPINNERS`.

    >>> spinner(0), spinner(12), spinner(3, "line"), spinner(1, ascii=True)
    ('⠋', '⠹', '/', '\\')
    """
    frames = SPINNERS[style]
    if ascii and not "".join(frames).isascii():
        frames = SPINNERS["line"]
    return frames[frame % len(frames)]
