"""asciicast: a header line, then a line for each write, as asciinema records them.

Formats: docs.asciinema.org/manual/asciicast/v2 and /v3. Version 2 counts seconds from the beginning,
version 3 from the event before.
"""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

from fakeact.recording.theme import BACKGROUND, FOREGROUND, SIXTEEN

if TYPE_CHECKING:
    from fakeact.recording import Recording

MICROSECONDS = 1_000_000
TERMINAL = "xterm-256color"


def cast(recording: "Recording", version: int = 2) -> str:
    """A recording as an asciicast of version 2 or 3."""
    head = _header_2(recording) if version == 2 else _header_3(recording)
    lines = [json.dumps(head, ensure_ascii=False)]
    before = 0
    for at, code, data in _events(recording):
        counted = at if version == 2 else at - before
        before = at
        lines.append(f'[{counted / MICROSECONDS:.6f}, "{code}", {json.dumps(data, ensure_ascii=False)}]')
    return "\n".join(lines) + "\n"


def _events(recording: "Recording") -> Iterator[tuple[int, str, str]]:
    """Microseconds from the beginning, an event's code and its data; the last one holds the picture to the end."""
    size = recording.size
    for frame in recording.frames:
        at = round(frame.at * MICROSECONDS)
        if frame.size != size:
            size = frame.size
            yield at, "r", f"{size[0]}x{size[1]}"
        # What a terminal driver makes of a line feed.
        yield at, "o", frame.text.replace("\n", "\r\n")
    yield round(recording.seconds * MICROSECONDS), "o", ""


def _header_2(recording: "Recording") -> dict[str, Any]:
    columns, rows = recording.size
    return {
        "version": 2,
        "width": columns,
        "height": rows,
        **_common(recording),
        "duration": round(recording.seconds, 6),
        "env": {"TERM": TERMINAL},
        "theme": _theme(),
    }


def _header_3(recording: "Recording") -> dict[str, Any]:
    columns, rows = recording.size
    term = {"cols": columns, "rows": rows, "type": TERMINAL, "theme": _theme()}
    return {"version": 3, "term": term, **_common(recording)}


def _common(recording: "Recording") -> dict[str, Any]:
    # The show's date has no time zone; taken as UTC it is the same number on every machine.
    moment = recording.started.replace(tzinfo=UTC)
    return {"timestamp": int(moment.timestamp()), "title": recording.title, "command": recording.command}


def _theme() -> dict[str, str]:
    return {"fg": FOREGROUND, "bg": BACKGROUND, "palette": ":".join(SIXTEEN)}
