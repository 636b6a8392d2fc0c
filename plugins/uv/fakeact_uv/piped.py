"""What is said of downloads and builds where rows can't move: when each begins, and when it is there.

As uv's reporters do without a terminal (`crates/uv/src/commands/reporters.rs` in 0.13).
"""

from collections.abc import Iterator

from fakeact.style import bold, cyan, dim
from fakeact_uv import rows
from fakeact_uv.figures import short
from fakeact_uv.sim.preparing import Build, Preparation, Transfer

_WORTH_A_LINE = 2**20
"""Bytes from which on a download is announced."""
_ANY_WIDTH = 10_000  # nothing is cut in a file


class PreparationLines:
    """Remembers what has been said."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self._downloading: dict[Transfer, None] = {}
        self._building: dict[Build, None] = {}
        self._told: set[Transfer | Build] = set()

    def news(self) -> Iterator[str]:
        """Lines for what has begun or ended since the last call."""
        for transfer in self._preparation.transfers:
            if transfer.started and transfer.size > _WORTH_A_LINE and transfer not in self._told:
                self._told.add(transfer)
                self._downloading[transfer] = None
                yield f"{bold(cyan('Downloading'))} {transfer.package.name} {dim(f'({short(transfer.size)})')}"
        for build in self._preparation.builds:
            if build.started and build not in self._told:
                self._told.add(build)
                self._building[build] = None
                yield rows.build_state(build, done=False, columns=_ANY_WIDTH)
        yield from self._ended()

    def _ended(self) -> Iterator[str]:
        for transfer in [transfer for transfer in self._downloading if transfer.finished]:
            del self._downloading[transfer]
            yield f" {bold(cyan('Downloaded'))} {transfer.package.name}"
        for build in [build for build in self._building if build.finished]:
            del self._building[build]
            yield rows.build_state(build, done=True, columns=_ANY_WIDTH)
