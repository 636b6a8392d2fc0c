"""A launch script that looks why a node failed, drains it and queues its job again."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fakeact_llm_training.tools import kernel, slurm

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.base import Dialect
    from fakeact_llm_training.sim import fault_events as ev


async def drained(speaker: "Dialect", first: "ev.XidLogged", kernel_log: Iterable[str]) -> None:
    """What the script's commands say under ``set -x``; its reason is the first Xid."""
    job = speaker.scenario.site.job_id
    reason = f"Xid {first.xid} GPU{first.local_rank} {kernel.slot(first.bus_id)}"
    await speaker.by_scheduler(slurm.traced_look(job, first.host, kernel.LOOK))
    for line in kernel_log:
        await speaker.by_scheduler(line)
    for line in slurm.drained(speaker.io.now(), job, first.host, reason):
        await speaker.by_scheduler(line)
