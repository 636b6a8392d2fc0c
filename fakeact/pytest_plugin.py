"""What pytest knows wherever fakeact is installed: the fixture ``perform``."""

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from fakeact.module import Module
    from fakeact.testing import Performance


class Perform(Protocol):
    """Plays a module; see :func:`fakeact.testing.perform`."""

    def __call__(self, module: "Module", **settings: Any) -> "Performance":
        """Play it, with any settings and options that ``perform`` takes."""


@pytest.fixture(name="perform")
def perform_fixture() -> Perform:
    """Play a module as :func:`fakeact.testing.perform` does; one that raises fails the test with its own error."""

    def play(module: "Module", **settings: Any) -> "Performance":
        from fakeact.testing import perform

        played = perform(module, **settings)
        if played.error:
            raise played.error
        return played

    return play
