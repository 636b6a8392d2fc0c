"""What torch's NCCL process group says to each rank where nothing has failed. Forms of torch 2.6 to 2.9, on stderr."""

from datetime import datetime

from fakeact.widgets import c10
from fakeact_llm_training.tools.torchrun import release

FILE = "ProcessGroupNCCL.cpp"
# Source lines of the barrier's guess and of the reminder at exit; those of 2.6 and 2.9 from memory of public logs.
_GUESS = {"2.6": 4561, "2.7": 4715, "2.8": 5023, "2.9": 5072}
_REMINDER = {"2.6": 1496, "2.7": 1479, "2.8": 1538, "2.9": 1524}
_INIT = "You can specify device_id in init_process_group()"


def guessed_device(when: datetime, torch: str, rank: int, device: int, pid: int) -> str | None:
    """A barrier in a group that was not told its device; from 2.9 on rank 0 alone says so."""
    version = release(torch)
    prefix = _prefix(when, rank, _GUESS[version], pid)
    if version == "2.9":
        text = "Guessing device ID based on global rank. This can cause a hang if rank to GPU mapping is heterogeneous."
        return None if rank else f"{prefix}{text} {_INIT}"
    return (
        f"{prefix}[PG ID 0 PG GUID 0 Rank {rank}]  using GPU {device} as device used by this process is currently "
        "unknown. This can potentially cause a hang if this rank to GPU mapping is incorrect. "
        f"{_INIT} to force use of a particular device."
    )


def not_destroyed(when: datetime, torch: str, rank: int, pid: int) -> str:
    """The process ends and the group is still there."""
    return (
        f"{_prefix(when, rank, _REMINDER[release(torch)], pid)}Warning: WARNING: destroy_process_group() was not "
        "called before program exit, which can leak resources. For more info, please see "
        "https://pytorch.org/docs/stable/distributed.html#shutdown (function operator())"
    )


def _prefix(when: datetime, rank: int, line: int, pid: int) -> str:
    # Ranks do so within a millisecond; digits below that mean nothing.
    nanoseconds = min(when.microsecond * 1000 + pid * 7919 % 999_983, 999_999_999)
    return c10(when, nanoseconds, "W", FILE, line, rank=rank)


def gloo(rank: int, ranks: int) -> str:
    """A rank has met the others of a group for the CPU, on stdout.

    >>> gloo(0, 8)
    '[Gloo] Rank 0 is connected to 7 peer ranks. Expected number of connected peer ranks is : 7'
    """
    others = ranks - 1
    return (
        f"[Gloo] Rank {rank} is connected to {others} peer ranks. Expected number of connected peer ranks is : {others}"
    )
