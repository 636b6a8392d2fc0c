"""``--record`` and ``--share-line``: a show written to a file instead of played, and the line that tells it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from fakeact.errors import UsageError
from fakeact.playing import record_programme
from fakeact.plugins import Plugins
from fakeact.recording import Recording, format_of, share
from fakeact.recording.files import refuse_to_overwrite, write_whole
from fakeact.runner import Programme
from fakeact.settings import Settings
from fakeact.signals import die
from fakeact.telling import Teller

STANDARD_OUTPUT = "-"
Complain = Callable[[object], object]


def check_request(chosen: Settings) -> None:
    """Raise UsageError for what can't be recorded as it was asked for, before anything is loaded or played."""
    if not chosen.record:
        raise UsageError(f"--{'size' if chosen.size else 'record-format'} goes with --record FILE")
    if chosen.screensaver:
        raise UsageError("--record and --screensaver do not go together")
    if chosen.exit_after_time is None and chosen.exit_after_modules is None:
        raise UsageError("--record needs an end: say --exit-after-time or --exit-after-modules, too")
    if chosen.record != STANDARD_OUTPUT:
        _ = chosen.record_format or format_of(chosen.record)
        refuse_to_overwrite(Path(chosen.record), chosen.force)


def record(programme: Programme, found: Plugins, chosen: Settings, complain: Complain) -> int:
    """Record a programme and tell how to play it again; gives the exit status.

    Until the file is written, a signal ends the process as it would any other; then none leaves a part behind.
    """
    sources = sources_of(chosen)
    recording = record_programme(
        programme,
        size=chosen.size or (80, 24),
        speed=chosen.speed_factor,
        color=chosen.color != "never",
        command=share.command(programme, chosen.speed_factor, sources),
        overwrite=chosen.force,
        observe=Teller(found, complain, bool(os.environ.get("FAKEACT_DEBUG"))),
    )
    if recording.ended == "failed":
        complain("nothing is recorded, as no module could be played")
        return 1
    size = _write(recording, chosen)
    where = "standard output" if chosen.record == STANDARD_OUTPUT else chosen.record
    complain(f"{recording.seconds:.1f} s recorded to {where}, {size / 1000:,.0f} kB")
    tell_share_line(programme, chosen)
    return 0


def _write(recording: Recording, chosen: Settings) -> int:
    """Write it where it was asked for; gives its size in bytes."""
    to_stdout = chosen.record == STANDARD_OUTPUT
    content = recording.render(chosen.record_format or ("v2" if to_stdout else format_of(chosen.record)))
    data = content.encode()
    if to_stdout:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        with _signals_unwind():
            write_whole(Path(chosen.record), content, chosen.force)
    return len(data)


def tell_share_line(programme: Programme, chosen: Settings) -> None:
    """Say on standard error which command plays this show again."""
    with suppress(OSError):
        print(share.line(programme, chosen.speed_factor, sources_of(chosen), chosen.size), file=sys.stderr, flush=True)


def sources_of(chosen: Settings) -> list[str]:
    """The arguments that say where modules come from that are not installed."""
    files = [word for path in chosen.plugin for word in ("--plugin", str(path))]
    return files + (["--drop-ins"] if chosen.drop_ins else [])


class _Told(BaseException):
    """A signal has come."""


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """Let signals that end a process do so only after what was begun has been tidied up."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def tell(number: int, _frame: FrameType | None) -> None:
        raise _Told(number)

    before = {number: signal.signal(number, tell) for number in numbers}
    try:
        yield
    except _Told as told:
        die(told.args[0])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
