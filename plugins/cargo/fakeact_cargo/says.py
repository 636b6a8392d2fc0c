"""cargo's own lines: messages with a right-aligned verb, and the one line it draws again and again."""

from fakeact.style import bold, bright_cyan, bright_green, yellow
from fakeact.widgets import arrow_bar

HEADER = 15
"""Columns that cargo keeps for the verb, its blank and a margin."""
BAR_END = 50
"""The column at which a progress bar and its count end at the latest."""
TREE_DEPTH = 10
"""How deep cargo takes a dependency tree to be until it knows better."""


def status(verb: str, text: str) -> str:
    """A message that stays.

    >>> from fakeact.ansi import strip
    >>> strip(status("Compiling", "syn v2.0.114"))
    '   Compiling syn v2.0.114'
    """
    return f"{bold(bright_green(f'{verb:>12}'))} {text}"


def warning(text: str) -> str:
    """A warning of cargo's own, or what it passes on from a build script."""
    return f"{bold(yellow('warning'))}: {text}"


def adding(crate: str, newer: str) -> str:
    """What is noted where a newer version than the one that was locked exists."""
    return status("Adding", f"{crate} {bold(yellow(f'(available: v{newer})'))}")


def locking(packages: int, rust_version: str) -> str:
    """What the lock file was made for."""
    latest = f"latest Rust {rust_version} compatible" if rust_version else "latest compatible"
    return status("Locking", f"{packages} packages to {latest} versions")


def building(finished: int, total: int, running: list[str], width: int) -> list[str]:
    """The live row of a build: none where the terminal is too narrow for a bar.

    >>> from fakeact.ansi import strip
    >>> strip(building(9, 53, ["libc(build)", "quote"], 60)[0])
    '    Building [===>                        ] 9/53: libc(bu…'
    >>> building(1, 53, [], 20)
    []
    """
    bar = _bar(finished / total, f" {finished}/{total}", width)
    return _transient("Building", bar, f": {', '.join(running)}", width) if bar else []


def fetching(depth: int, complete: int, pending: int, width: int) -> list[str]:
    """The live row while the index is read, whose end nobody knows."""
    # Two requests precede the first level: the registry's configuration and the workspace's own.
    calls = depth + 3
    bar = _bar(calls / (max(calls, TREE_DEPTH) + 1), "", width)
    return _transient("Fetch", bar, f" {complete} complete; {pending} pending", width) if bar else []


def downloading(crates: int, remaining: int, extracting: str, width: int) -> list[str]:
    """The live row of a download, which has no bar."""
    text = _crates(crates)
    if extracting:
        text += f", extracting {extracting} ..."
    elif remaining > 0:
        text += f", remaining bytes: {size(remaining)}"
    return _transient("Downloading", "", text, width)


def downloaded(crates: int, total: int, seconds: float, largest: tuple[str, int]) -> str:
    """The sum of a download; bytes in total and of the largest crate, which is named from 1 MiB on."""
    name, most = largest
    note = f" (largest was `{name}` at {size(most)})" if most > 1 << 20 and crates > 1 else ""
    return status("Downloaded", f"{_crates(crates)} ({size(total)}) in {elapsed(seconds)}{note}")


def generated(package: str, binary: bool, warnings: int, fixable: int) -> str:
    """The sum of a crate's warnings, with what would mend some of them."""
    target, flag = (f'bin "{package}"', f'--bin "{package}"') if binary else ("lib", "--lib")
    text = f"`{package}` ({target}) generated {warnings} warning{'s' * (warnings > 1)}"
    if fixable:
        text += f" (run `cargo fix {flag} -p {package}` to apply {fixable} suggestion{'s' * (fixable > 1)})"
    return warning(text)


def elapsed(seconds: float) -> str:
    """A duration as cargo writes it, rounded down.

    >>> elapsed(5.987), elapsed(164.9)
    ('5.98s', '2m 44s')
    """
    # Show time is a sum of floats: without this 0.29 s could be a hair less and read 0.28 s.
    hundredths = int(seconds * 100 + 1e-6)
    whole, rest = divmod(hundredths, 100)
    return f"{whole // 60}m {whole % 60:02}s" if whole >= 60 else f"{whole}.{rest:02}s"


def size(count: int) -> str:
    """Bytes as cargo writes them.

    >>> size(640), size(101_786), size(12_058_624)
    ('640B', '99.4KiB', '11.5MiB')
    """
    value, units = float(count), ["B", "KiB", "MiB", "GiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{count}B" if units[0] == "B" else f"{value:.1f}{units[0]}"


def _crates(count: int) -> str:
    return f"{count} crate{'s' * (count != 1)}"


def _bar(share: float, count: str, width: int) -> str:
    """A bar with its count; empty where there is no room for one."""
    cells = min(width, BAR_END) - HEADER - len(count)
    return arrow_bar(share, cells) + count if cells >= 2 else ""


def echoed(row: str) -> str:
    """A live row over whose beginning Ctrl-C was echoed.

    >>> from fakeact.ansi import strip
    >>> strip(echoed(downloading(3, 0, "", 60)[0]))
    '^Cownloading 3 crates'
    """
    for verb in ("Building", "Downloading", "Fetch"):
        row = row.replace(f"{verb:>12}", f"{verb:>12}"[2:], 1)
    return f"^C{row}"


def _transient(verb: str, bar: str, text: str, width: int) -> list[str]:
    room = width - HEADER - len(bar)
    if room < 0:
        return []
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    return [f"{bold(bright_cyan(f'{verb:>12}'))} {bar}{shown if room > 1 else ''}"]
