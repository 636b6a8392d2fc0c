"""The lines while resources are read and changed, against hook_ui.go of terraform 1.14."""

from datetime import datetime, timedelta

import pytest
from fakeact_terraform.sim.graph import Operation
from fakeact_terraform.sim.walk import Event
from fakeact_terraform.views.progress import Progress, duration, whole_second

START = datetime(2026, 1, 30, 10, 45, 32, 400_000)


def lines(operation: Operation, *events: tuple[str, float]) -> list[str]:
    """What is said when an operation starts, and so many seconds later."""
    progress = Progress()
    said = [progress.line(Event(0, "started", operation), START)]
    for what, seconds in events:
        said.append(progress.line(Event(0, what, operation), START + timedelta(seconds=seconds)))
    return [line.replace("\x1b[1m", "").replace("\x1b[22m", "") for line in said]


def test_a_creation() -> None:
    """There is no identifier before the end, and minutes have two digits only while it lasts."""
    operation = Operation("aws_lb.this", "create", "aws_lb.this", 0, "", "arn:x")
    assert lines(operation, ("alive", 10.0), ("alive", 70.0), ("done", 128.2)) == [
        "aws_lb.this: Creating...",
        "aws_lb.this: Still creating... [00m10s elapsed]",
        "aws_lb.this: Still creating... [01m10s elapsed]",
        "aws_lb.this: Creation complete after 2m9s [id=arn:x]",
    ]


def test_a_modification() -> None:
    """The identifier is there from the beginning."""
    operation = Operation("x.y[0]", "modify", "x.y", 0, "i-1", "i-1")
    assert lines(operation, ("alive", 10.0), ("done", 11.0)) == [
        "x.y[0]: Modifying... [id=i-1]",
        "x.y[0]: Still modifying... [id=i-1, 00m10s elapsed]",
        "x.y[0]: Modifications complete after 11s [id=i-1]",
    ]


def test_the_destruction_of_a_deposed_object() -> None:
    """While it lasts the tool leaves its key out; afterwards there is no identifier any more."""
    operation = Operation("x.y (deposed object 0a1b2c3d)", "destroy", "x.y", 0, "i-1")
    assert lines(operation, ("alive", 10.0), ("done", 10.9)) == [
        "x.y (deposed object 0a1b2c3d): Destroying... [id=i-1]",
        "x.y: Still destroying... [id=i-1, 00m10s elapsed]",
        "x.y (deposed object 0a1b2c3d): Destruction complete after 11s",
    ]


def test_reading() -> None:
    """A refresh is only announced; a data source says when it is read."""
    refresh = Operation("x.y", "refresh", "x.y", 0, "i-1")
    assert lines(refresh, ("done", 0.3)) == ["x.y: Refreshing state... [id=i-1]", ""]
    read = Operation("data.x.y", "read", "x.y", 0, "", "i-2")
    assert lines(read, ("done", 0.05)) == ["data.x.y: Reading...", "data.x.y: Read complete after 0s [id=i-2]"]


def test_a_long_identifier_is_shortened_while_it_lasts() -> None:
    """Eighty characters at the most: 39, three dots, 38."""
    identifier = "".join(str(number % 10) for number in range(100))
    operation = Operation("x.y", "modify", "x.y", 0, identifier, identifier)
    started, alive = lines(operation, ("alive", 10.0))
    assert started.endswith(f"[id={identifier}]")
    assert f"[id={identifier[:39]}...{identifier[-38:]}, 00m10s elapsed]" in alive


@pytest.mark.parametrize(("seconds", "said"), [(0, "0s"), (59, "59s"), (60, "1m0s"), (75, "1m15s"), (600, "10m0s")])
def test_durations_are_gos(seconds: int, said: str) -> None:
    """Whole seconds as Go prints them."""
    assert duration(timedelta(seconds=seconds)) == said


def test_halves_are_rounded_up() -> None:
    """Moments are rounded to the whole second as Go's Round does it."""
    assert whole_second(START + timedelta(seconds=0.1)).second == 33
    assert whole_second(START + timedelta(seconds=0.099)).second == 32
