"""The greeting: every host once, in order, figures that agree, and no bar left behind."""

import re
from collections.abc import Callable

from fakeact_hello import fakeact_modules

from fakeact import Module
from fakeact.testing import parametrize_with_checks, perform

(HELLO,) = fakeact_modules()


@parametrize_with_checks([HELLO])
def test_the_rules(check: Callable[[Module], None], module: Module) -> None:
    """Every rule that fakeact has for modules."""
    check(module)


def test_every_host_is_greeted_in_order() -> None:
    """As many hosts as asked for say hello, numbered from one."""
    played = perform(HELLO, seed=1, hosts=20)
    numbers = [int(match[1]) for line in played.lines if (match := re.match(r"node-(\d+)\S+ hello$", line))]
    assert numbers == list(range(1, 21))
    assert played.lines[-1] == "All hosts greeted."


def test_the_summary_is_what_was_waited() -> None:
    """The seconds in the summary are those that a viewer has waited before it."""
    played = perform(HELLO, seed=1)
    (said,) = [
        float(match[1]) for line in played.lines if (match := re.match(r"12 of 12 answered in ([\d.]+) s", line))
    ]
    assert abs(said - (played.seconds - 2)) < 0.06, "two seconds of rest at the end"


def test_the_bar_counts_and_goes() -> None:
    """While it plays the bar counts the hosts; at the end it is gone."""
    assert "6/12 hosts" in perform(HELLO, seed=1).raw
    assert not [line for line in perform(HELLO, seed=1).lines if "/12 hosts" in line]
