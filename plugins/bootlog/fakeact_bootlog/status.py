"""systemd's status lines on the console, as its manager writes them (257). Widths are cells."""

from fakeact.style import bold, green, palette, red
from fakeact_bootlog.sim.jobs import DEPENDENCY, DONE, FAILED, STARTING, TIMEOUT, Change
from fakeact_bootlog.sim.units import Unit

_INDENT = 9
_START = {"mount": "Mounting", "swap": "Activating swap", "device": "Expecting device"}
_DONE = {
    "mount": "Mounted", "swap": "Activated swap", "device": "Found device", "target": "Reached target",
    "slice": "Created slice", "socket": "Listening on", "automount": "Set up automount",
}  # fmt: skip
_STOPPING = {"mount": "Unmounting", "swap": "Deactivating swap"}
_STOPPED = {
    "mount": "Unmounted", "swap": "Deactivated swap", "target": "Stopped target", "slice": "Removed slice",
    "socket": "Closed", "automount": "Unset automount",
}  # fmt: skip
_FAILED = {"mount": "Failed to mount", "swap": "Failed to activate swap"}
_YELLOW = palette(185)


def before(change: Change, *, stop: bool = False) -> tuple[str, str, str]:
    """What stands before the unit's name, the unit, and what stands after: the sentence without its badge."""
    unit, what = change.unit, change.what
    if what == STARTING:
        verb = _STOPPING.get(unit.kind, "Stopping") if stop else _START.get(unit.kind, "Starting")
        return f"{verb} ", _ident(unit), "..."
    if what == DONE:
        done = "Finished" if unit.type == "oneshot" else "Started"
        verb = _STOPPED.get(unit.kind, "Stopped") if stop else _DONE.get(unit.kind, done)
        return f"{verb} ", _ident(unit, found=unit.found), "."
    verb = {
        FAILED: _FAILED.get(unit.kind, "Failed to start"),
        TIMEOUT: "Timed out waiting for device",
        DEPENDENCY: "Dependency failed for",
    }[what]
    return f"{verb} ", _ident(unit), "."


def _ident(unit: Unit, found: str = "") -> str:
    return f"{unit.name} - {found or unit.description}"


def sentence(change: Change) -> str:
    """The same as it goes to the kernel's log while there is no journal."""
    return "".join(before(change))


def shortened(text: str, width: int, *, plain: bool = False) -> tuple[str, int]:
    """A text with its middle left out so that it fits, and where the dots stand (-1 for none).

    systemd's ellipsize() with 50 percent; of what is left, a *plain* text without emphasis has more at its beginning.

    >>> shortened("Started systemd-udevd.service - Rule-based Manager for Device Events and Files.", 70)
    ('Started systemd-udevd.service - Ru…anager for Device Events and Files.', 34)
    """
    if len(text) <= width:
        return text, -1
    left = width // 2 if plain else max(0, width // 2 - 1)
    right = width - left - 1
    return f"{text[:left]}…{text[len(text) - right :]}", left


def line(change: Change, columns: int, *, stop: bool = False) -> str:
    """A status line with its badge, at most a cell less wide than the terminal."""
    verb, ident, end = before(change, stop=stop)
    badge = {
        STARTING: " " * _INDENT,
        DONE: f"[{green('  OK  ')}] ",
        FAILED: f"[{bold(red('FAILED'))}] ",
        TIMEOUT: f"[{bold(red(' TIME '))}] ",
        DEPENDENCY: f"[{bold(_YELLOW('DEPEND'))}] ",
    }[change.what]
    return badge + _emphasised(verb, ident.partition(" - ")[0], ident, end, columns)


def _emphasised(verb: str, name: str, ident: str, end: str, columns: int) -> str:
    text, dots = shortened(f"{verb}{ident}{end}", max(3, columns - _INDENT - 1))
    start, stop = len(verb), len(verb) + len(name)
    if dots >= 0:
        stop = min(stop, dots + 1)
    return text[:start] + bold(text[start:stop]) + text[stop:] if start < stop else text


def hint(unit: Unit) -> str:
    """Where to look after a failure."""
    return f"See 'systemctl status {unit.name}' for details."


def cylon(position: int) -> str:
    """The eye that moves to and fro between the brackets, and for a moment almost out of them.

    >>> from fakeact.ansi import SGR
    >>> [SGR.sub("", cylon(position)) for position in (0, 1, 2, 7, 8)]
    ['*     ', '**    ', '***   ', '     *', '    **']
    """
    at = position % 14
    middle = (at if at <= 7 else 14 - at) - 1
    stars = {middle - 1: red("*"), middle: bold(red("*")), middle + 1: red("*")}
    return "".join(stars.get(cell, " ") for cell in range(6))


def span(seconds: float) -> str:
    """Seconds as systemd writes them, to the second.

    >>> span(0.5), span(59.9), span(60), span(91)
    ('0', '59s', '1min', '1min 31s')
    """
    whole = int(seconds)
    if not whole:
        return "0"
    minutes, rest = divmod(whole, 60)
    return " ".join([*([f"{minutes}min"] if minutes else []), *([f"{rest}s"] if rest else [])])


def waiting(position: int, count: tuple[int, int], job: str, times: tuple[float, float], columns: int) -> str:
    """The row that tells which job, of how many, is waited for: how long by now, and until when (0 for ever)."""
    (number, of), (took, limit) = count, times
    counted = f"({number} of {of}) " if of > 1 else ""
    text = f"{counted}Job {job} running ({span(took)} / {span(limit) if limit else 'no limit'})"
    return f"[{cylon(position)}] {shortened(text, max(3, columns - _INDENT - 1), plain=True)[0]}"
