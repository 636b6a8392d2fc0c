"""The workers of a node as its launcher finds them at the end: who failed, and whom it has ended itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from fakeact_llm_training.tools.torchrun import Failure

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.base import Dialect

SIGTERM = -15


def workers(
    speaker: "Dialect", node: int, first: Failure, failed: Mapping[int, Failure], torn: datetime
) -> list[Failure]:
    """All workers of a node, the one that failed first in front; `failed` are those that ended by themselves, by rank.

    Who died of a signal was found so when the launcher ended the others, at `torn`, or after that.
    """
    per_node, now = speaker.scenario.gpus_per_node, speaker.io.now()
    found = dict(failed)
    for local in range(per_node):
        rank = node * per_node + local
        known = found.setdefault(rank, Failure(now, first.host, rank, local, speaker.pid(rank), SIGTERM))
        if known.exitcode < 0:
            found[rank] = known._replace(when=torn if rank == first.rank else now)
    return [found.pop(first.rank), *(found[rank] for rank in sorted(found))]
