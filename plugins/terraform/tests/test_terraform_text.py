"""A reader who only has the printed text recomputes its sums, orders and durations."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from fakeact_terraform import fakeact_modules

from fakeact.testing import perform

MODULE = fakeact_modules()[0]
SEEDS = range(20)
HEADER = re.compile(r"^  # (\S.*) (will be|must be) (created|updated in-place|destroyed|replaced)$")
STARTED = re.compile(r"^(\S.*): (Creating|Modifying|Destroying)\.\.\.(?: \[id=(.+)\])?$")
ALIVE = re.compile(r"^(\S.*): Still (creating|modifying|destroying)\.\.\. \[(?:id=.+, )?(\d\d)m(\d\d)s elapsed\]$")
DONE = re.compile(r"^(\S.*): (Creation|Modifications|Destruction) complete after (?:(\d+)m)?(\d+)s(?: \[id=(.+)\])?$")
REFRESHED = re.compile(r"^(\S.*): Refreshing state\.\.\. \[id=(.+)\]$")
VERBS = {"Creation": "Creating", "Modifications": "Modifying", "Destruction": "Destroying"}
TODO = {
    "+": ["Creating"], "~": ["Modifying"], "-": ["Destroying"],
    "-/+": ["Destroying", "Creating"], "+/-": ["Creating", "Destroying"],
}  # fmt: skip
OPENING = re.compile(r"[{[(]( # forces replacement)?$")
DEPOSED = re.compile(r" \(deposed object [0-9a-f]{8}\)$")


@dataclass
class Work:
    """One operation while the text is read."""

    verb: str
    beats: list[int]


def read(lines: list[str]) -> Iterator[str]:
    """Everything that is wrong with a text."""
    plan_at = next(at for at, line in enumerate(lines) if line.startswith("Plan: "))
    prompt_at = next(at for at, line in enumerate(lines) if line.startswith("  Enter a value: "))
    refreshed = {found[1]: found[2] for line in lines[:plan_at] if (found := REFRESHED.match(line))}
    symbols = dict(_planned(lines[:plan_at]))
    yield from _plan(lines[:plan_at], symbols, lines[plan_at])
    if lines[prompt_at] != "  Enter a value: yes" or lines[prompt_at + 1]:
        yield "not approved"
    applied = Applied(symbols, refreshed)
    yield from (wrong for line in lines[prompt_at:] for wrong in applied.read(line))
    yield from applied.whole(lines)
    yield from _outputs(lines, plan_at, prompt_at)


def _planned(lines: list[str]) -> Iterator[tuple[str, str]]:
    for at, line in enumerate(lines):
        found = HEADER.match(line)
        if found:
            resource = next(each for each in lines[at + 1 : at + 3] if ' resource "' in each)
            yield found[1], resource.split()[0]


def _plan(lines: list[str], symbols: dict[str, str], said: str) -> Iterator[str]:
    counts = {sign: sum(sign in symbol for symbol in symbols.values()) for sign in "+~-"}
    if said != f"Plan: {counts['+']} to add, {counts['~']} to change, {counts['-']} to destroy.":
        yield "the plan's sum"
    legend = {line.split()[0] for line in lines if re.match(r"^[ +~/-]{3} (create|update|destroy)", line)}
    if legend != set(symbols.values()):
        yield "the legend"
    depth = 0
    for line in lines[lines.index("Terraform will perform the following actions:") + 1 :]:
        closing = line.lstrip()[:1] in ("}", "]", ")")
        depth -= closing
        if line.strip() and line.lstrip()[0] != "#" and len(line) - len(line.lstrip(" +-~/")) != 4 * depth + 4:
            yield f"the indentation of {line!r}"
        depth += bool(OPENING.search(line))
    if depth:
        yield "brackets"


class Applied:
    """The lines after the answer, one by one."""

    def __init__(self, symbols: dict[str, str], refreshed: dict[str, str]) -> None:
        self.symbols, self.refreshed = symbols, refreshed
        self.running: dict[str, Work] = {}
        self.done: list[tuple[str, str]] = []

    def read(self, line: str) -> Iterator[str]:
        """What is wrong with one line."""
        for pattern, rule in ((STARTED, self._started), (ALIVE, self._alive), (DONE, self._done)):
            if found := pattern.match(line):
                yield from rule(found)

    def _started(self, found: re.Match[str]) -> Iterator[str]:
        name = DEPOSED.sub("", found[1])
        if found[1] in self.running:
            yield "started twice"
        if found[2] == "Creating" and (found[3] or (name in self.refreshed and "/" not in self.symbols[name])):
            yield "created what exists"
        if found[2] != "Creating" and self.refreshed.get(name) != found[3]:
            yield "another identifier than was refreshed"
        self.running[found[1]] = Work(found[2], [])
        if len(self.running) > 10:
            yield "more than ten at a time"

    def _alive(self, found: re.Match[str]) -> Iterator[str]:
        names = [name for name in self.running if DEPOSED.sub("", name) == found[1]]
        if not names:
            yield "alive without having started"
        else:
            self.running[names[-1]].beats.append(int(found[3]) * 60 + int(found[4]))

    def _done(self, found: re.Match[str]) -> Iterator[str]:
        work = self.running.pop(found[1], None)
        if not work or work.verb != VERBS[found[2]]:
            yield "done without having started"
            return
        seconds = int(found[3] or 0) * 60 + int(found[4])
        # 19.8 s are shown as 20s, with one sign of life; 20.2 s with two.
        if work.beats not in [list(range(10, last + 1, 10)) for last in (seconds, seconds - 1)]:
            yield "signs of life"
        self.done.append((DEPOSED.sub("", found[1]), work.verb))

    def whole(self, lines: list[str]) -> Iterator[str]:
        """What is wrong with all of it."""
        if self.running:
            yield "never done"
        work = {name: [verb for each, verb in self.done if each == name] for name, _ in self.done}
        if work != {name: TODO[symbol] for name, symbol in self.symbols.items()}:
            yield "other work than planned"
        counts = [sum(verb == each for _, verb in self.done) for each in ("Creating", "Modifying", "Destroying")]
        if "Apply complete! Resources: {} added, {} changed, {} destroyed.".format(*counts) not in lines:
            yield "the summary's sum"


def _outputs(lines: list[str], plan_at: int, prompt_at: int) -> Iterator[str]:
    if "Outputs:" not in lines:
        return
    shown = [line.split(" = ")[0] for line in lines[lines.index("Outputs:") :] if re.match(r"^\w+ = ", line)]
    if shown != sorted(shown):
        yield "outputs out of order"
    changed = [line.split() for line in lines[plan_at:prompt_at] if re.match(r"^  [+~-] \w+ +=", line)]
    for symbol, name, *_ in changed:
        if (name in shown) != (symbol != "-"):
            yield "an output that was not planned"
    if any("known after apply" in line for line in lines[prompt_at:]):
        yield "still unknown"


def printed(seed: int, **options: object) -> list[str]:
    played = perform(MODULE, seed=seed, seconds=900, columns=400, motion=False, color=False, **options)
    assert (played.error, played.ended) == (None, "finished")
    return [line.rstrip() for line in played.raw.splitlines()]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_finds_nothing_wrong(seed: int) -> None:
    """Plan, legend, brackets, work, order, durations, identifiers, summary and outputs fit one another."""
    assert list(read(printed(seed))) == []


@pytest.mark.parametrize("cloud", ["aws", "azure", "google"])
@pytest.mark.parametrize("state", ["empty", "existing"])
def test_every_cloud_reads_well(cloud: str, state: str) -> None:
    """So do the shows of each cloud, with nothing there and with something."""
    assert list(read(printed(3, cloud=cloud, state=state))) == []


def swapped(lines: list[str], pattern: str, replacement: str) -> list[str]:
    at = next(at for at, line in enumerate(lines) if re.search(pattern, line))
    return [*lines[:at], re.sub(pattern, replacement, lines[at]), *lines[at + 1 :]]


def without(lines: list[str], pattern: str) -> list[str]:
    at = next(at for at, line in enumerate(lines) if re.search(pattern, line))
    return [*lines[:at], *lines[at + 1 :]]


def doubled(lines: list[str], pattern: str) -> list[str]:
    at = next(at for at, line in enumerate(lines) if re.search(pattern, line))
    return [*lines[: at + 1], *lines[at:]]


def earlier(lines: list[str], pattern: str) -> list[str]:
    """The first such line moved to just after the answer."""
    rest = without(lines, pattern)
    at = next(at for at, line in enumerate(rest) if "Enter a value" in line) + 2
    return [*rest[:at], next(line for line in lines if re.search(pattern, line)), *rest[at:]]


PLANTED: dict[str, Callable[[list[str]], list[str]]] = {
    "the plan's sum": lambda lines: swapped(lines, r"^Plan: \d+", "Plan: 99"),
    "the legend": lambda lines: without(lines, r"^  \+ create$"),
    "the indentation": lambda lines: swapped(lines, r"^      \+ id ", "       + id "),
    "brackets": lambda lines: without(lines, r"^    }$"),
    "not approved": lambda lines: swapped(lines, "Enter a value: yes", "Enter a value: no"),
    "started twice": lambda lines: doubled(lines, r": Creating\.\.\."),
    "created what exists": lambda lines: swapped(lines, r": Creating\.\.\.", ": Creating... [id=x]"),
    "another identifier": lambda lines: swapped(lines, r": Modifying\.\.\. \[id=", ": Modifying... [id=x"),
    "alive without": lambda lines: earlier(lines, r"Still \w+ing\.\.\."),
    "done without": lambda lines: earlier(lines, r": (Creation|Modifications|Destruction) complete"),
    "signs of life": lambda lines: without(lines, r"Still \w+ing\.\.\."),
    "never done": lambda lines: without(lines, r": (Creation|Modifications|Destruction) complete"),
    "other work": lambda lines: swapped(lines, r"^  # (\S+)", r"  # \1x"),
    "the summary's sum": lambda lines: swapped(lines, r"Resources: \d+", "Resources: 99"),
    "outputs out of order": lambda lines: [*lines, "aaa = 1"],
    "an output that": lambda lines: swapped(lines, r"^  \+ (\w+)( +=)", r"  + z\1\2"),
    "still unknown": lambda lines: [*lines, "zzz = (known after apply)"],
    "more than ten": lambda lines: [
        *lines[:-1], *(f"aws_x.y[{n}]: Creating..." for n in range(11)), lines[-1],
    ],
}  # fmt: skip


@pytest.mark.parametrize("rule", PLANTED)
def test_the_reader_is_not_blind(rule: str) -> None:
    """Each rule of the reader notices the error that was planted for it."""
    wanted = (r"Still", r"Modifying\.\.\.", r"Creating\.\.\.", r"^  \+ \w+ +=")
    texts = (printed(seed, cloud="aws", state="existing") for seed in range(40))
    lines = next(text for text in texts if all(re.search(each, "\n".join(text), re.M) for each in wanted))
    found = list(read(PLANTED[rule](lines)))
    assert any(each.startswith(rule) for each in found), found


def test_durations_are_what_was_waited() -> None:
    """Between the two lines of an operation so much show time passed as the second one says."""
    for seed in range(6):
        began: dict[str, float] = {}
        checked = 0
        for frame in perform(MODULE, seed=seed, seconds=900, columns=400, motion=False, color=False).frames:
            for line in frame.text.splitlines():
                if found := STARTED.match(line):
                    began[found[1]] = frame.at
                elif found := DONE.match(line):
                    seconds = int(found[3] or 0) * 60 + int(found[4])
                    assert abs(frame.at - began[found[1]] - seconds) <= 1.05
                    checked += 1
        assert checked > 2
