"""Rules for all tests of the project, the plugins' included."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

NOT_TO_BE_HAD = ("terraform", "ansible", "cargo", "rustc", "libwget", "lm_eval", "lm-eval", "transformers")
"""Oracles that neither Debian nor Python 3.11 has in the version that is imitated: used where they are found."""


def pytest_configure() -> None:
    """Signals that a shell's '&' has its children ignore are heard again, or tests that send them wait for ever."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Where everything is installed (.ci/run) a test that skips is a test that fails."""
    outcome: Any = yield
    report = outcome.get_result()
    if not report.skipped or hasattr(report, "wasxfail") or not os.environ.get("FAKEACT_SKIP_NOTHING"):
        return
    reason = str(report.longrepr)
    if not any(tool in reason for tool in NOT_TO_BE_HAD):
        report.outcome = "failed"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long campaigns run only when they are asked for: ``make soak``."""
    if config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
