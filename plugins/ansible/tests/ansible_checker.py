"""Reads a run of ansible-playbook from its printed text alone and recomputes what can be recomputed."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

BANNER = re.compile(r"(PLAY|TASK|RUNNING HANDLER) \[(.*)\] (\*{3,})$|(PLAY RECAP) (\*{3,})$")
STATUS = re.compile(
    r"(ok|changed|skipping|failed): \[([^\] ]+)(?: -> [^\]]+)?\](?: (?:=> )?\(item=(.*?)\) ?)?(?: => (\{.*))?$"
)
FATAL = re.compile(r"fatal: \[([^\] ]+)(?: -> [^\]]+)?\]: (FAILED|UNREACHABLE)! => (\{.*\})$")
RETRY = re.compile(r"FAILED - RETRYING: \[(.+?)\]: (.+) \((\d+) retries left\)\.$")
INCLUDED = re.compile(r"included: (\S+) for (.+)$")
NOTICE = re.compile(r"\[(WARNING|DEPRECATION WARNING|ERROR)\]: ")
RECAP = re.compile(r"(\S+) +: " + " ".join(rf"{key}=(\d+) *" for key in (
    "ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")) + "$")  # fmt: skip
ENDS = {"ERROR": r" +\^ column", "DEPRECATION WARNING": "Use "}
KEYS = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")

Lines = list[tuple[float, str]]
"""When a line was seen, in seconds, and the line."""


@dataclass
class Task:
    """What one banner has below it."""

    kind: str
    name: str
    at: float
    play: int
    final: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    left: dict[str, int] = field(default_factory=dict)


class Reader:
    """One run, read line by line; what is wrong is in ``faults``."""

    def __init__(self, lines: Lines, columns: int) -> None:
        self.faults: list[str] = []
        self.tasks: list[Task] = []
        self.recap: dict[str, dict[str, int]] = {}
        self.changed_results: set[tuple[int, str]] = set()
        self._plays = 0
        self._broken: dict[str, str] = {}
        self._notices: set[str] = set()
        self._ignored_by: list[tuple[int, str]] = []
        self._rescued: Counter[str] = Counter()
        self._pending: Iterator[tuple[float, str]] = iter(lines)
        for at, line in self._pending:
            self._line(at, line, columns)
        self._check_recap()

    def fault(self, text: str) -> None:
        """Note something that can't be."""
        self.faults.append(text)

    def _line(self, at: float, line: str, columns: int) -> None:
        if banner := BANNER.match(line):
            self._banner(at, banner, columns)
        elif notice := NOTICE.match(line):
            self._notice(line, notice.group(1))
        elif recap := RECAP.match(line):
            self.recap[recap.group(1)] = dict(zip(KEYS, map(int, recap.groups()[1:]), strict=True))
        elif line == "...ignoring":
            self._ignoring()
        elif line:
            self._result(at, line)

    def _banner(self, at: float, banner: re.Match[str], columns: int) -> None:
        stars = banner.group(3) or banner.group(5)
        if len(banner.group()) != max(80, columns) and len(stars) != 3:
            self.fault(f"banner of {len(banner.group())} cells: {banner.group()}")
        if self.tasks and self.tasks[-1].kind != "PLAY":
            self._check_task(self.tasks[-1])
        self._plays += banner.group(1) == "PLAY"
        self.tasks.append(Task(banner.group(1) or "PLAY RECAP", banner.group(2) or "", at, self._plays))

    def _notice(self, line: str, kind: str) -> None:
        """A notice with a source goes on to the blank line after its text."""
        text = [line]
        if kind == "DEPRECATION WARNING" or (kind == "ERROR" and "via ssh" not in line):
            for _, more in self._pending:
                text.append(more)
                if not more and re.match(ENDS[kind], text[-2]):
                    break
        if "\n".join(text) in self._notices:
            self.fault(f"said twice: {line}")
        self._notices.add("\n".join(text))

    def _result(self, at: float, line: str) -> None:
        task = self.tasks[-1]
        if match := STATUS.match(line):
            status, host, item, dump = match.groups()
            self._seen(host, line)
            if dump == "{":
                self._skip_dump()
            if item is None:
                self._settle(task, host, status)
            else:
                task.items[host].append((item, status))
        elif match := FATAL.match(line):
            self._fatal(at, task, *match.groups())
        elif match := RETRY.match(line):
            self._retry(task, *match.groups())
        elif match := INCLUDED.match(line):
            for host in match.group(2).split(", "):
                self._seen(host, line)
                self._settle(task, host, "ok")
        else:
            self.fault(f"not Ansible's: {line}")

    def _skip_dump(self) -> None:
        for _, line in self._pending:
            if line == "}":
                return

    def _seen(self, host: str, line: str) -> None:
        """A host that broke and is seen again must have been rescued."""
        if self._broken.get(host) == "UNREACHABLE":
            self.fault(f"unreachable before: {line}")
        elif host in self._broken:
            self._rescued[host] += 1
            del self._broken[host]

    def _settle(self, task: Task, host: str, status: str) -> None:
        if host in task.final:
            self.fault(f"{host} has two results in {task.name}")
        task.final[host] = status

    def _fatal(self, at: float, task: Task, host: str, kind: str, dump: str) -> None:
        self._seen(host, dump)
        result = json.loads(dump)
        self._settle(task, host, kind)
        self._broken[host] = kind
        if result["changed"]:
            self.changed_results.add((len(self.tasks), host))
        if at - task.at < result.get("elapsed", 0):
            self.fault(f"waited {at - task.at:.1f} s, said {result['elapsed']}")
        if "delta" in result:
            hours, minutes, seconds = result["delta"].split(":")
            delta = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
            if datetime.fromisoformat(result["start"]) + delta != datetime.fromisoformat(result["end"]):
                self.fault(f"times do not add up: {dump}")
        if "attempts" in result and task.left.get(host) != 0:
            self.fault(f"gave up on {host} with retries left")

    def _retry(self, task: Task, host: str, name: str, left: str) -> None:
        self._seen(host, name)
        if name != task.name or int(left) != task.left.get(host, int(left) + 1) - 1:
            self.fault(f"retries of {host}: {left} left")
        task.left[host] = int(left)

    def _ignoring(self) -> None:
        host = list(self._broken)[-1]
        self._ignored_by.append((len(self.tasks), host))
        del self._broken[host]

    def _check_task(self, task: Task) -> None:
        for host, items in task.items.items():
            if all(status == "skipping" for _, status in items) != (task.final.get(host) == "skipping"):
                self.fault(f"loop of {host} in {task.name} ends as {task.final.get(host)}")
            task.final.setdefault(host, "changed" if "changed" in {status for _, status in items} else "ok")
        if len({tuple(item for item, _ in items) for items in task.items.values()}) > 1:
            self.fault(f"items of {task.name} differ in order")
        if task.kind == "RUNNING HANDLER":
            earlier = [each for each in self.tasks if each.play == task.play and each is not task]
            for host in task.final:
                if not any(each.final.get(host) == "changed" for each in earlier):
                    self.fault(f"handler {task.name} for {host}, which changed nothing")

    def counted(self) -> dict[str, dict[str, int]]:
        """The recap as the lines above it say."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        ignored = set(self._ignored_by)
        for number, task in enumerate(self.tasks, 1):
            for host, status in task.final.items():
                ok = status in ("ok", "changed") or (number, host) in ignored
                changed = status == "changed" or (ok and (number, host) in self.changed_results)
                counts[host].update(ok=ok, changed=changed, skipped=status == "skipping")
                counts[host].update(unreachable=status == "UNREACHABLE", ignored=(number, host) in ignored)
                counts[host].update(failed=status == "FAILED" and not ok)
        for host, times in self._rescued.items():
            counts[host].update(rescued=times, failed=-times)
        return {host: {key: counts[host][key] for key in KEYS} for host in counts}

    def _check_recap(self) -> None:
        if list(self.recap) != sorted(self.recap):
            self.fault("recap out of order")
        if self.recap != self.counted():
            self.fault(f"recap says {self.recap}, lines say {self.counted()}")


def check(lines: Lines, columns: int = 80) -> list[str]:
    """Everything that is wrong with a run's text."""
    return Reader(lines, columns).faults
