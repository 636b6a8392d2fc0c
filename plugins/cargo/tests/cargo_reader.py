"""Reads the printed text of a build, and nothing else, and recomputes what follows from it."""

import re
from collections import Counter
from dataclasses import dataclass, field

CRATE = r"(?P<name>[\w-]+) v(?P<version>\d[\w.+-]*)"
FIXABLE = ("unused import", "unused variable")
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}


@dataclass
class Read:
    """What the lines say."""

    order: list[str] = field(default_factory=list)
    downloaded: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)
    members: dict[str, str] = field(default_factory=dict)
    warned: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    locked: int = 0
    summed: int | None = None
    took: str = ""

    def expect(self, holds: object, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


def faults(lines: list[str], seconds: float) -> list[str]:
    """All that does not fit together, in words; seconds is how long the build was watched."""
    read = Read()
    for number, line in enumerate(lines):
        _take(read, lines, number, line)
    _check_sums(read, lines, seconds)
    return read.faults


def _take(read: Read, lines: list[str], number: int, line: str) -> None:
    if found := re.fullmatch(r" +(Updating|Locking|Adding|Downloaded|Compiling|Finished) (.*)", line):
        verb, rest = found.groups()
        read.expect(line == f"{verb:>12} {rest}", f"not aligned: {line}")
        read.order.append(verb)
        _take_status(read, verb, rest)
    elif found := re.fullmatch(r"warning: `(.*)` \((lib|bin \".*\")\) generated (\d+) warnings?(.*)", line):
        _take_count(read, *found.groups())
    elif found := re.fullmatch(r"warning: ([\w-]+)@([\d.]+): .+", line):
        read.expect(f"{found[1]} v{found[2]}" in read.compiled, f"warned of before it began: {line}")
    elif line.startswith("warning: "):
        _take_diagnostic(read, lines[number:])


def _take_status(read: Read, verb: str, rest: str) -> None:
    if verb == "Locking":
        read.locked = int(rest.split()[0])
    elif verb == "Adding":
        found = re.fullmatch(rf"{CRATE} \(available: v(?P<newer>\S+)\)", rest)
        read.expect(found and _parts(found["version"]) < _parts(found["newer"]), f"not newer: {rest}")
    elif verb == "Downloaded" and (found := re.match(r"(\d+) crates? \(([\d.]+)(\w+)\) in ([\d.]+)s", rest)):
        read.summed = int(found[1])
    elif verb == "Downloaded":
        read.expect(re.fullmatch(CRATE, rest) and rest not in read.downloaded, f"downloaded twice: {rest}")
        read.downloaded.append(rest)
    elif verb == "Compiling":
        found = re.fullmatch(rf"{CRATE}(?: \((?P<path>/.*)\))?", rest)
        assert found is not None, rest
        described = f"{found['name']} v{found['version']}"
        read.expect(described not in read.compiled, f"compiled twice: {rest}")
        read.compiled.append(described)
        if found["path"]:
            read.members[described] = found["path"]
    elif verb == "Finished":
        read.took = rest.rpartition(" in ")[2]


def _take_diagnostic(read: Read, lines: list[str]) -> None:
    """A drawn warning: what is underlined is what the title names, in the line that the arrow names."""
    end = lines.index("")
    block, title = lines[:end], lines[0]
    where = re.fullmatch(r" *--> (\S+):(\d+):(\d+)", block[1])
    assert where is not None, block[1]
    path, line, column = where[1], where[2], int(where[3])
    row = next((i for i, text in enumerate(block) if re.match(rf"{line} +\| ", text)), None)
    marks = [i for i, text in enumerate(block) if re.match(r" +\| +\^+", text)]
    read.expect(row is not None and marks == [row + 1], f"nothing underlined at {line}: {title}")
    if row is not None and marks:
        under = block[marks[0]]
        first, length = under.index("^"), under.count("^")
        margin = under.index("|") + 2
        read.expect(first - margin + 1 == column, f"column {column} is not underlined: {title}")
        named = re.search(r"`([^`]*)`", title)
        text = block[row][first : first + length]
        exact = named is None or named[1] == text or title.startswith(("warning: value", "warning: unused `"))
        read.expect(exact, f"{text!r} is underlined: {title}")
    read.warned.append((path, title.removeprefix("warning: ")))


def _take_count(read: Read, name: str, target: str, count: str, rest: str) -> None:
    described = next((one for one in read.members if one.split()[0] == name), None)
    read.expect(described, f"counted before it began: {name}")
    here = [title for path, title in read.warned if described and _below(read.members[described], path)]
    read.expect(len(here) == int(count), f"{len(here)} warnings, but {count} said: {name}")
    fixable = sum(title.startswith(FIXABLE) for title in here)
    flag = "--lib" if target == "lib" else f'--bin "{name}"'
    plural = "s" if fixable > 1 else ""
    fix = f" (run `cargo fix {flag} -p {name}` to apply {fixable} suggestion{plural})" if fixable else ""
    read.expect(rest == fix, f"{fixable} can be mended: {name}{rest}")
    read.warned = [(path, title) for path, title in read.warned if title not in here]


def _check_sums(read: Read, lines: list[str], seconds: float) -> None:
    steps = ["Updating", "Locking", "Adding", "Downloaded", "Compiling", "Finished"]
    read.expect(read.order == sorted(read.order, key=steps.index), "steps are out of order")
    read.expect(lines and "Finished" in lines[-1], "does not end with Finished")
    read.expect(read.locked >= len(read.compiled) - len(read.members), "more compiled than locked")
    if read.summed is not None:
        read.expect(read.summed == len(read.downloaded), f"{len(read.downloaded)} downloaded: {read.summed}")
        crates = Counter(read.compiled) - Counter(list(read.members))
        read.expect(crates == Counter(read.downloaded), "compiled is not what was downloaded")
    read.expect(not read.warned, "warnings that nobody counted")
    read.expect(read.took == _elapsed(seconds), f"took {seconds:.2f} s, but said {read.took}")


def _elapsed(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}m {whole % 60:02}s" if whole >= 60 else f"{int(seconds * 100 + 1e-6) / 100:.2f}s"


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.partition("+")[0].split(".")]


def _below(folder: str, path: str) -> bool:
    """Whether a path that is relative to the workspace lies in a member's folder."""
    return any(folder.endswith("/" + path[:at]) for at in range(len(path)) if path[at:].startswith("/src/"))
