"""What NCCL says with NCCL_DEBUG=WARN, on stdout. Forms of 2.21 to 2.27."""

from datetime import datetime, timedelta

# Threads of a process that has set up its communicators: the one that watches the ports comes soon after the main one.
WATCHER = 61


def version(nccl: str) -> str:
    """Said by rank 0 when the first communicator is made.

    >>> version("2.27.5+cuda12.9")
    'NCCL version 2.27.5+cuda12.9'
    """
    return f"NCCL version {nccl}"


def link_flap(  # noqa: PLR0917 - who says it: host, process, device
    when: datetime, nccl: str, host: str, pid: int, device: int, port: str, seconds: float
) -> list[str]:
    """A port went down and came back `seconds` later, at `when`; an empty line before each warning is NCCL's."""
    down = when - timedelta(seconds=seconds)
    process = f"{host}:{pid}:{pid + WATCHER + device} [{device}]"
    if nccl.startswith("2.21"):
        events = [(down, "Got async event : port error"), (when, "Got async event : port active")]
        return [text for _, event in events for text in ("", f"{process} {_at(101)} NET/IB : {port}:1 {event}")]
    events = [(down, "port error(10)"), (when, "client reregistration(17)"), (when, "port active(9)")]
    return [
        text
        for moment, event in events
        for text in (
            "",
            f"[{moment:%Y-%m-%d %H:%M:%S}] {process} {_at(253)} NET/IB : {port}:1 Got non-fatal async event: {event}",
        )
    ]


def _at(line: int) -> str:
    return f"transport/net_ib.cc:{line} NCCL WARN"
