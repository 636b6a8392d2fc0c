"""The default callback: what ansible-playbook prints for each event."""

import json
from collections.abc import Iterator, Mapping
from typing import assert_never

from fakeact.style import Style, black, bold, cyan, green, magenta, red, yellow
from fakeact_ansible.sim.events import (
    Event,
    Included,
    Notice,
    PlayStarted,
    Recapped,
    Reported,
    Result,
    Retried,
    Status,
    TaskStarted,
)


def _bright(colour: Style) -> Style:
    return lambda text: bold(colour(text))


INTERRUPTED = red("[ERROR]: User interrupted execution")
"""Its last word at Ctrl-C, beside the terminal's ^C."""
LEAST_COLUMNS = 79
"""Ansible draws its banners at least this wide, also where the terminal is narrower."""
_COLOURS: dict[Status, Style] = {
    "ok": green,
    "changed": yellow,
    "skipping": cyan,
    "failed": red,
    "unreachable": _bright(red),
}
_NOTICES: dict[str, tuple[str, Style]] = {
    "warning": ("[WARNING]: ", _bright(magenta)),
    "deprecation": ("[DEPRECATION WARNING]: ", magenta),
    "error": ("[ERROR]: ", red),
}
_RECAP: dict[str, Style] = {
    "ok": green,
    "changed": yellow,
    "unreachable": _bright(red),
    "failed": red,
    "skipped": cyan,
    "rescued": green,
    "ignored": _bright(magenta),
}


class Callback:
    """Turns events into lines; a notice that was shown once is not shown again."""

    def __init__(self, width: int) -> None:
        """Take the terminal's width once, as ansible does: a resize while it runs changes nothing."""
        self._columns = max(LEAST_COLUMNS, width - 1)
        self._seen: set[Notice] = set()

    def lines(self, event: Event) -> Iterator[str]:
        """The lines that an event adds to the screen."""
        match event:
            case PlayStarted():
                yield from self._banner(f"PLAY [{event.name}]")
            case TaskStarted():
                yield from self._banner(f"{'RUNNING HANDLER' if event.handler else 'TASK'} [{event.name}]")
            case Included():
                yield cyan(f"included: {event.what} for {', '.join(event.hosts)}")
            case Retried():
                text = f"FAILED - RETRYING: [{event.host}]: {event.task} ({event.left} retries left)."
                yield _bright(black)(text)
            case Reported():
                yield from self._report(event)
            case Recapped():
                yield from self._banner("PLAY RECAP")
                yield from (_recap(host, counts) for host, counts in event.counts.items())
                yield ""
            case _:
                assert_never(event)

    def _banner(self, text: str) -> Iterator[str]:
        yield ""
        yield f"{text} {'*' * max(3, self._columns - len(text))}"

    def _report(self, event: Reported) -> Iterator[str]:
        for notice in event.notices:
            yield from self._notice(notice)
        if not event.looped or event.status == "skipping":
            yield from _coloured(_text(event), _COLOURS[event.status])
        if event.ignored:
            yield cyan("...ignoring")

    def _notice(self, notice: Notice) -> Iterator[str]:
        if notice not in self._seen:
            self._seen.add(notice)
            prefix, colour = _NOTICES[notice.kind]
            yield from _coloured(prefix + notice.text, colour)


def _text(event: Reported) -> str:
    item = f"(item={event.item})"
    match event.status, event.item:
        case "failed" | "unreachable", None:
            word = "FAILED!" if event.status == "failed" else "UNREACHABLE!"
            return f"fatal: [{event.host}]: {word} => {_dump(event.result)}"
        case "skipping", str():
            return f"skipping: [{event.host}] => {item} "
        case _:
            text = f"{event.status}: [{event.host}]" + (f" => {item}" if event.item else "")
            return text + (f" => {_dump(event.result, indent=4)}" if event.verbose else "")


def _dump(result: Result, indent: int | None = None) -> str:
    """A result as JSON, without what is Ansible's own business."""
    shown = {key: value for key, value in result.items() if not key.startswith("_ansible_")}
    return json.dumps(shown, indent=indent, ensure_ascii=False, sort_keys=True)


def _coloured(text: str, colour: Style) -> Iterator[str]:
    return (colour(line) for line in text.split("\n"))


def _recap(host: str, counts: Mapping[str, int]) -> str:
    failed = counts["failed"] or counts["unreachable"]
    colour = red if failed else yellow if counts["changed"] else green
    shown = [f"{key}={counts[key]:<4}" for key in _RECAP]
    coloured = [_RECAP[key](text) if counts[key] else text for key, text in zip(_RECAP, shown, strict=True)]
    return f"{colour(host)}{' ' * (26 - len(host))} : {' '.join(coloured)}"
