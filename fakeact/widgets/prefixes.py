"""What stands at the beginning of a log line, blank included, in the forms of well-known loggers.

They take the moment; `io.now()` is the show's.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing it costs more than this whole package
    from datetime import datetime

# strftime's names change with the locale; syslog's do not (RFC 3164, section 4.1.2).
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def glog(when: "datetime", level: str, thread: int, file: str, line: int) -> str:
    """Google's logger, level one of I W E F.

    >>> from datetime import datetime
    >>> glog(datetime(2026, 4, 3, 11, 41, 45, 456532), "I", 1923, "server.cc", 30)
    'I0403 11:41:45.456532 1923 server.cc:30] '
    """
    return f"{level}{when:%m%d %H:%M:%S.%f} {thread} {file}:{line}] "


def klog(when: "datetime", level: str, pid: int, file: str, line: int) -> str:
    """Kubernetes' logger: glog's form with the process number filled up to seven places.

    >>> from datetime import datetime
    >>> klog(datetime(2026, 4, 3, 11, 41, 45, 456532), "E", 1, "reconcile.go", 30)
    'E0403 11:41:45.456532       1 reconcile.go:30] '
    """
    return f"{level}{when:%m%d %H:%M:%S.%f} {pid:7} {file}:{line}] "


def torch_log(when: "datetime", level: str, pid: int, file: str, line: int) -> str:
    """Torch's loggers in Python: glog's form, to the millisecond, which makes the digits end in 000.

    >>> from datetime import datetime
    >>> torch_log(datetime(2026, 11, 23, 18, 32, 6, 961234), "W", 1923, "torch/distributed/run.py", 803)
    'W1123 18:32:06.961000 1923 torch/distributed/run.py:803] '
    """
    return glog(when.replace(microsecond=when.microsecond // 1000 * 1000), level, pid, file, line)


def c10(when: "datetime", nanoseconds: int, level: str, file: str, line: int, *, rank: int | None = None) -> str:
    """Torch's logger in C++; the rank only once there is a process group.

    The nanoseconds are an argument of their own, because c10 takes them from the monotonic clock: they have
    nothing to do with the second they stand behind.

    >>> from datetime import datetime
    >>> c10(datetime(2026, 8, 10, 3, 4, 11), 61727749, "E", "ProcessGroupNCCL.cpp", 683, rank=1)
    '[rank1]:[E810 03:04:11.061727749 ProcessGroupNCCL.cpp:683] '
    """
    ranked = "" if rank is None else f"[rank{rank}]:"
    # Month and day are one number there, so that January to September have no leading zero.
    return f"{ranked}[{level}{when.month}{when:%d %H:%M:%S}.{nanoseconds:09} {file}:{line}] "


def asctime(when: "datetime") -> str:
    """Python's logging, `%(asctime)s`, without a blank.

    >>> from datetime import datetime
    >>> asctime(datetime(2026, 1, 16, 2, 41, 33, 634999))
    '2026-01-16 02:41:33,634'
    """
    return f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03}"


def syslog(when: "datetime", host: str, tag: str, pid: int | None = None) -> str:
    """The traditional syslog file, RFC 3164.

    >>> from datetime import datetime
    >>> syslog(datetime(2026, 11, 3, 9, 5, 6), "node-01", "systemd", 1)
    'Nov  3 09:05:06 node-01 systemd[1]: '
    """
    process = "" if pid is None else f"[{pid}]"
    return f"{_MONTHS[when.month - 1]} {when.day:2} {when:%H:%M:%S} {host} {tag}{process}: "


def dmesg(seconds: float) -> str:
    """The kernel's ring buffer: seconds since it started.

    >>> dmesg(0), dmesg(12.3456789)
    ('[    0.000000] ', '[   12.345679] ')
    """
    return f"[{seconds:12.6f}] "
