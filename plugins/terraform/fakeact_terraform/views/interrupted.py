"""What is said at Ctrl-C (internal/command/meta.go), and the errors that come of it (internal/command/format)."""

from collections.abc import Iterator

from fakeact.style import bold, red
from fakeact_terraform.views.wrap import wrap

_RECEIVED = (
    "Interrupt received.",
    "Please wait for Terraform to exit or data loss may occur.",
    "Gracefully shutting down...",
)
NOT_APPROVED = ("error asking for approval: interrupted",)


def halted(running: int) -> tuple[str, ...]:
    """What the graph's walk makes of so many operations under way: two hooks of each refuse to go on."""
    return ("execution halted",) * max(1, 2 * running)


def interrupted(errors: tuple[str, ...], width: int) -> Iterator[str]:
    """The notice, a word of the operation that is under way, and the errors, for so many cells."""
    if errors == NOT_APPROVED:
        yield ""  # ends the prompt's line
    yield ""
    for sentence in _RECEIVED:
        yield wrap(sentence, width)
    yield ""
    if errors != NOT_APPROVED:
        yield "Stopping operation..."
    for error in errors:
        yield red("╷")
        yield f"{red('│')} {bold(red('Error: '))}{bold(error)}"
        yield from (f"{red('│')} ",) * 2
        yield red("╵")
