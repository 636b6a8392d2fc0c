"""The greeting: every host once, in order, and no bar left behind."""

import re

from fakeact_hello import fakeact_modules

from fakeact.testing import perform

(HELLO,) = fakeact_modules()


def test_every_host_is_greeted_in_order() -> None:
    """As many hosts as asked for say hello, numbered from one."""
    played = perform(HELLO, seed=1, hosts=20)
    numbers = [int(match[1]) for line in played.lines if (match := re.match(r"node-(\d+)\S+ hello$", line))]
    assert numbers == list(range(1, 21))
    assert played.lines[-1] == "All hosts greeted."


def test_the_bar_counts_and_goes() -> None:
    """While it plays the bar counts the hosts; at the end it is gone."""
    assert "6/12 hosts" in perform(HELLO, seed=1).raw
    assert not [line for line in perform(HELLO, seed=1).lines if "/12 hosts" in line]


def test_the_same_seed_is_the_same_show() -> None:
    """A show is a function of its seed."""
    assert perform(HELLO, seed=1).raw == perform(HELLO, seed=1).raw != perform(HELLO, seed=2).raw
