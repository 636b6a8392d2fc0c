"""Log lines as nginx writes them."""

from datetime import datetime

from fakeact_weblog.sim.records import Entry

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def access_line(entry: Entry, at: datetime, *, times: bool = False) -> str:
    """A line of nginx's `combined` format; with *times* four fields of seconds follow. *at* has a time zone."""
    request = entry.request
    stamp = f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S %z}"
    line = (
        f'{request.client.address} - - [{stamp}] "{escape(request.line)}" {entry.status} {entry.sent} '
        f'"{escape(request.referrer)}" "{escape(request.client.agent)}"'
    )
    return f"{line} {_times(entry)}" if times else line


def error_line(entry: Entry, at: datetime, *, host: str, worker: int) -> str:
    """What nginx's error log says about a request it could not answer."""
    request = entry.request
    parts = [
        f"{at:%Y/%m/%d %H:%M:%S} [error] {worker}#{worker}: *{entry.connection} {entry.complaint}",
        f"client: {request.client.address}",
        f"server: {host}",
        f'request: "{request.line}"',
    ]
    if entry.upstream:
        parts.append(f'upstream: "http://127.0.0.1:8000{request.target}"')
    parts.append(f'host: "{host}"')
    if request.referrer != "-":
        parts.append(f'referrer: "{request.referrer}"')
    return ", ".join(parts)


def escape(text: str) -> str:
    r"""Text as nginx logs it: quotes, backslashes and what is no printable ASCII as `\xHH`.

    >>> print(escape('a"b' + chr(9) + "c"))
    a\x22b\x09c
    """
    return "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\x{ord(c):02X}" for c in text)


def _times(entry: Entry) -> str:
    upstream = entry.upstream
    parts = (upstream.connect, upstream.header, upstream.response) if upstream else (None, None, None)
    named = (f'{name}="{_seconds(value)}"' for name, value in zip(("uct", "uht", "urt"), parts, strict=True))
    return f"rt={entry.duration:.3f} {' '.join(named)}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
