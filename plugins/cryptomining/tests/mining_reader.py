"""Reads the printed text of a mining session, and nothing else, and recomputes what follows from it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

STAMP = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})\]  (\w+) {1,8} ?(.*)")
RATE = r"(n/a|[\d.]+)"
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
EPOCHS = {"rx/0": (2048, 65), "kawpow": (7500, 0)}
PAGES = {"2336": "1168", "3072": "3"}


@dataclass
class Read:
    """What the lines have said so far."""

    faults: list[str] = field(default_factory=list)
    at: float = 0.0
    threads: int = 0
    processors: int = 0
    privileged: bool = False
    algorithm: str = ""
    cards: list[str] = field(default_factory=list)
    launched: int = 0
    graphs: int = 0
    reports: list[tuple[float, int, int]] = field(default_factory=list)
    expected_card: int = 0
    pool: str = ""
    ip: str = ""
    connected: float | None = None
    jobs: list[tuple[float, int, int, int]] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)
    ready: float | None = None
    seeded: int | None = None
    accepted: int = 0
    rejected: int = 0
    since_connected: int = 0
    pings: list[int] = field(default_factory=list)
    shares: list[tuple[float, int]] = field(default_factory=list)
    pauses: list[tuple[float, float]] = field(default_factory=list)
    speeds: list[tuple[float, float | None, float | None]] = field(default_factory=list)
    regular: list[float] = field(default_factory=list)
    peak: float = 0.0
    table: list[tuple[float | None, ...]] = field(default_factory=list)
    total: tuple[float | None, ...] | None = None
    block: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    top: list[tuple[int, float]] = field(default_factory=list)
    lost: bool = False
    ended: str = ""

    def expect(self, holds: object, fault: str) -> None:
        if not holds:
            self.faults.append(fault)

    @property
    def epoch(self) -> int:
        length, lag = EPOCHS[self.algorithm]
        return (self.jobs[-1][1] - lag) // length

    @property
    def difficulty(self) -> int:
        return self.jobs[-1][2] if self.jobs and not self.lost else 0


def faults(lines: list[str]) -> list[str]:
    """All that does not fit together, in words."""
    read = Read()
    _summary(read, [line for line in lines if line.startswith((" * ", " " * 16))][: _length(lines)])
    for line in lines[_length(lines) :]:
        if found := STAMP.fullmatch(line):
            _close(read)
            _stamped(read, found[1], found[2], found[3])
        else:
            _loose(read, line)
    _close(read)
    _work(read)
    read.expect(read.ended == "stopped", "does not end as the miner ends")
    return read.faults


def _length(lines: list[str]) -> int:
    return next((at for at, line in enumerate(lines) if line.startswith("[")), len(lines))


def _summary(read: Read, lines: list[str]) -> None:
    text = "\n".join(lines)
    read.algorithm = "kawpow" if "algo kawpow" in text else "rx/0"
    cores = re.search(r"L2:[\d.]+ MB L3:([\d.]+) MB (\d+)C/(\d+)T NUMA:1", text)
    used = re.search(r"MEMORY +([\d.]+)/([\d.]+) GB \((\d+)%\)", text)
    pool = re.search(r"POOL #1 +(\S+) algo", text)
    read.expect(cores and used and pool, "the summary lacks something")
    if not (cores and used and pool):
        return
    read.processors, read.pool = int(cores[3]), pool[1]
    read.cards = re.findall(r"CUDA GPU +#\d+ (\S+ NVIDIA GeForce [\w ]+?) \d+/\d+ MHz", text)
    numbers = re.findall(r"CUDA GPU +#(\d+) ", text)
    read.expect(numbers == [str(number) for number in range(len(read.cards))], "the cards are not counted")
    read.expect(bool(read.cards) == (read.algorithm == "kawpow"), "cards for another algorithm")
    buses = [card.split()[0] for card in read.cards]
    read.expect(buses == sorted(set(buses)), "two cards in one place")
    for free, whole in re.findall(r"mem:(\d+)/(\d+) MB", text):
        read.expect(int(free) < int(whole), "more memory free than there is")
    read.expect(int(cores[3]) in (int(cores[2]), 2 * int(cores[2])), "cores and threads do not fit")
    low, high = ((float(used[1]) + sign * 0.05) / (float(used[2]) - sign * 0.05) * 100 for sign in (-1, 1))
    read.expect(low - 0.5 <= int(used[3]) <= high + 0.5, "the percentage of memory is wrong")
    installed = sum(int(size) for size in re.findall(r": (\d+) GB DDR", text))
    read.privileged = installed > 0
    if installed:
        read.expect(0.95 * installed < float(used[2]) <= installed, "the modules are not the memory")
        read.expect("MOTHERBOARD" in text, "modules without a board")
    intel = "Intel" in text
    read.expect(("auto:intel" in text) == intel, "another maker's assembly")


def _stamped(read: Read, stamp: str, tag: str, text: str) -> None:
    at = datetime.fromisoformat(stamp).timestamp()
    read.expect(at >= read.at, f"time runs backwards: {stamp}")
    read.expect(read.ended != "stopped", f"after the end: {text}")
    read.at = at
    for pattern, take in _LINES[tag]:
        if found := re.fullmatch(pattern, text):
            take(read, *found.groups())
            return
    read.faults.append(f"unknown line: {tag} {text}")


def _use(read: Read, pool: str, _tls: str | None, ip: str) -> None:
    read.expect(pool == read.pool, "another pool than configured")
    read.expect(read.connected is None, "connected twice")
    read.ip = ip
    if read.lost:
        read.pauses[-1] = (read.pauses[-1][0], read.at)
    read.connected, read.lost = read.at, False
    read.since_connected, read.pings = 0, []


def _job(read: Read, pool: str, difficulty: str, algorithm: str, height: str, transactions: str | None) -> None:
    read.expect(algorithm == read.algorithm, "work for another algorithm")
    new = (read.at, int(height), _number(difficulty), int(transactions or 0))
    read.expect(pool == read.pool and read.connected is not None, "a job from nowhere")
    if read.jobs:
        _, was, _, had = read.jobs[-1]
        read.expect(new[1] >= was, "the chain grows shorter")
        read.expect(new[1] > was or new[3] >= had, "transactions left the template")
    read.jobs.append(new)
    if read.algorithm == "kawpow" and read.seeded not in (None, read.epoch):
        read.seeded, read.graphs = read.epoch, 0
        read.steps["profile"] = read.at
        read.pauses.append((read.at, math.inf))


def _seed(read: Read, threads: str) -> None:
    epoch = read.epoch
    read.expect(int(threads) == read.processors, "the dataset is filled by other threads than there are")
    read.expect(read.seeded != epoch, "a dataset for the same seed again")
    read.seeded = epoch
    read.steps["filling"] = read.at
    read.steps["init"] = read.at
    read.ready = read.ready if read.ready is None else -read.ready


def _allocated(read: Read, megabytes: str, percent: str, got: str, wanted: str, milliseconds: str) -> None:
    read.expect(PAGES.get(megabytes) == wanted, "pages do not make up the memory")
    read.expect(percent == f"{100 * int(got) // int(wanted)}", "the percentage of pages is wrong")
    _took(read, "init", milliseconds, "allocation")
    read.steps["filling"] = read.at


def _filled(read: Read, milliseconds: str) -> None:
    _took(read, "filling", milliseconds, "dataset")
    if read.ready is not None:
        read.ready = abs(read.ready)
        read.pauses.append((read.steps["filling"], read.at))
    read.steps["profile"] = read.at


def _took(read: Read, since: str, milliseconds: str, what: str) -> None:
    passed = (read.at - read.steps.get(since, 0.0)) * 1000
    read.expect(abs(passed - int(milliseconds)) <= 2, f"{what}: said {milliseconds} ms, took {passed:.0f}")


def _profile(read: Read, threads: str) -> None:
    read.threads = int(threads)
    read.expect(1 <= read.threads <= read.processors, "more threads than processors")
    read.steps["timer"] = read.steps["profile"] = read.at


def _ready(
    read: Read, count: str, whole: str, ways: str, percent: str, got: str, wanted: str, memory: str, took: str
) -> None:
    read.expect(int(count) == int(whole) == int(ways) == int(wanted) == read.threads, "not the threads of the profile")
    read.expect(int(memory) == 2048 * read.threads, "memory is not 2048 KB a thread")
    read.expect(percent == f"{100 * int(got) // int(wanted)}", "the percentage of pages is wrong")
    _took(read, "profile", took, "threads")
    read.ready = read.at


def _launch(read: Read, threads: str) -> None:
    _profile(read, threads)
    read.expect(read.threads == len(read.cards), "not a thread for each card")
    read.seeded = read.epoch


def _launched(read: Read, line: str) -> None:
    number, card, bus, intensity, threads, blocks, _, _, memory, name = (one.strip() for one in line[1:].split("|"))
    read.expect(int(number) == int(card) == read.launched, "the cards are not counted")
    read.expect(f"{bus} {name}" == read.cards[read.launched], "another card than there is")
    read.expect(int(intensity) == int(threads) * int(blocks), "intensity is not threads times blocks")
    read.expect(int(memory) == 1024 + 8 * read.epoch, "the graph has another size in this epoch")
    read.launched += 1


def _cards_ready(read: Read, count: str, whole: str, took: str) -> None:
    read.expect(int(count) == int(whole) == read.threads == read.launched, "not the threads of the profile")
    _took(read, "profile", took, "threads")
    read.steps["profile"] = read.at


def _cache(read: Read, epoch: str, took: str) -> None:
    read.expect(int(epoch) == read.seeded, "a cache for another epoch")
    _took(read, "profile", took, "cache")
    read.steps["cache"] = read.at


def _graph(read: Read, epoch: str, took: str) -> None:
    read.expect(int(epoch) == read.seeded, "a graph for another epoch")
    _took(read, "cache", took, "graph")
    read.graphs += 1
    read.expect(read.graphs <= len(read.cards), "more graphs than cards")
    read.ready = read.at if read.ready is None else read.ready
    if read.pauses and read.pauses[-1][1] == math.inf and not read.lost:
        read.pauses[-1] = (read.pauses[-1][0], read.at)


def _report(read: Read, number: str, bus: str, watts: str, degrees: str, clock: str, fans: str) -> None:
    read.expect(int(number) == read.expected_card, "a card's report is missing")
    card = int(number)
    read.expected_card = (card + 1) % len(read.cards)
    read.expect(read.cards[card].split()[0] == bus, "a card in another place")
    read.expect(15 <= int(watts) <= 480 and 20 <= int(degrees) <= 95, "a card that cannot be")
    read.expect(int(clock) % 15 == 0, "a clock between two steps")
    speeds = [int(speed) for speed in re.findall(r"fan\d:(\d+)%", fans)]
    read.expect(all(0 <= speed <= 100 for speed in speeds), "a fan faster than it can")
    if len(read.reports) > card:
        before, was, _ = read.reports[card]
        # No card warms or cools faster than its heat capacity allows.
        most = 3 + 55 * (1 - math.exp(-(read.at - before) / 45))
        read.expect(abs(int(degrees) - was) <= most, "a temperature without inertia")
        read.reports[card] = (read.at, int(degrees), int(watts))
    else:
        read.reports.append((read.at, int(degrees), int(watts)))


def _result(read: Read, verdict: str, accepted: str, rejected: str, difficulty: str, error: str, took: str) -> None:
    good = verdict == "accepted"
    read.accepted, read.rejected = read.accepted + good, read.rejected + (not good)
    read.expect((int(accepted), int(rejected)) == (read.accepted, read.rejected), f"{verdict}: a share is not counted")
    read.accepted, read.rejected = int(accepted), int(rejected)
    read.expect(good == (not error), "rejected for nothing, or accepted with a complaint")
    read.expect(read.connected is not None, "a result without a connection")
    sent = read.at - int(took) / 1000
    read.expect(any(_worked_on(read, job, difficulty, sent) for job in read.jobs), "a share of no job that was there")
    read.expect(read.ready is not None and sent > read.ready - 0.002, "a share before the threads began")
    if error in ("Block expired", "Job not found"):
        read.expect(read.jobs[-1][0] > sent or read.jobs[-1][1] > read.jobs[0][1], "expired without a block")
    if good:
        read.since_connected += 1
        read.pings.append(int(took))
        read.shares.append((sent, _number(difficulty)))


def _worked_on(read: Read, job: tuple[float, int, int, int], difficulty: str, sent: float) -> bool:
    """Whether a job was the newest when a share was sent, give or take a millisecond."""
    later = [one[0] for one in read.jobs if one[0] > job[0]]
    return job[2] == _number(difficulty) and job[0] <= sent + 0.002 and (not later or sent <= min(later) + 0.002)


def _speed(read: Read, short: str, medium: str, long: str, unit: str, peak: str, same: str) -> None:
    read.expect(unit == same == ("MH/s" if read.cards else "H/s"), "another unit")
    rates, highest = tuple(map(_rate, (short, medium, long))), _rate(peak) or 0.0
    since, hashing = read.at - read.steps["timer"], read.at - abs(read.ready or read.at)
    for seconds, rate in zip((10, 60, 900), rates, strict=True):
        due = seconds <= hashing <= seconds + 1.1  # the samples are half a second apart
        read.expect(due or (rate is None) == (hashing < seconds), f"an average of {seconds} s after {hashing:.1f} s")
    read.expect(highest >= max(read.peak, rates[0] or 0.0), "the maximum is none")
    read.peak = highest
    if read.total is not None:
        read.expect(read.total == rates, "the table's total is not the speed")
        read.total = None
    else:
        read.regular.append(since)
        read.expect(abs(since - 60 * len(read.regular)) < 0.1 * len(read.regular), "not a minute after the last")
    _steady(read, rates)
    read.speeds.append((read.at, rates[0], rates[1]))


def _steady(read: Read, rates: tuple[float | None, ...]) -> None:
    """Without a break, long averages differ little from short ones; with one they lack what was not done."""
    medium = rates[1]
    if medium is None or not read.peak or not read.threads:
        return
    idle = sum(max(0.0, min(end, read.at) - max(start, read.at - 60)) for start, end in read.pauses)
    most = read.peak * (1 - idle / 60)
    read.expect(medium <= most * 1.01 + 1, "faster than the maximum and its breaks allow")
    read.expect(medium >= 0.25 * most - 1, "much slower than the maximum")


def _lose(read: Read, pool: str) -> None:
    read.expect(pool == read.pool and read.connected is not None, "lost what was not there")
    read.connected = None


def _stop_mining(read: Read) -> None:
    read.lost = True
    read.pauses.append((read.at, math.inf))


def _refused(read: Read, pool: str, ip: str) -> None:
    read.expect((pool, ip) == (read.pool, read.ip) and read.lost, "refused while connected")


def _exit(read: Read) -> None:
    read.ended = "exiting"
    read.steps["exit"] = read.at


def _stopped(read: Read, milliseconds: str) -> None:
    read.expect(read.ended == "exiting", "stopped without Ctrl-C")
    _took(read, "exit", milliseconds, "stopping")
    read.ended = "stopped"


def _nothing(_read: Read, *_found: str) -> None:
    """A line that says nothing that could be wrong."""


def _msr(read: Read, *_found: str) -> None:
    read.expect(read.privileged, "registers set without the right to")


def _no_msr(read: Read) -> None:
    read.expect(not read.privileged, "registers not set although modules were read")


_LINES: dict[str, list[tuple[str, Callable[..., None]]]] = {
    "net": [
        (r"use pool (\S+) (TLSv1\.3)? (\S+)", _use),
        (r'fingerprint \(SHA-256\): "[0-9a-f]{64}"', _nothing),
        (r"new job from (\S+) diff (\d+[KMG]?) algo (\S+) height (\d+)(?: \((\d+) tx\))?", _job),
        (r'(\S+) read error: "end of file"', _lose),
        (r"no active pools, stop mining", _stop_mining),
        (r'(\S+) (\S+) connect error: "connection refused"', _refused),
    ],
    "cpu": [
        (r"use argon2 implementation (AVX2|AVX-512F)", _nothing),
        (r"use profile  (?:rx|\*)  \((\d+) threads?\) scratchpad 2048 KB", _profile),
        (
            r"READY threads (\d+)/(\d+) \((\d+)\) huge pages (\d+)% (\d+)/(\d+) memory (\d+) KB \((\d+) ms\)",
            _ready,
        ),
        (r'(accepted|rejected) \((\d+)/(\d+)\) diff (\d+[KMG]?)(?: "(.*)")? \((\d+) ms\)', _result),
        (r"stopped \((\d+) ms\)", _stopped),
    ],
    "msr": [
        (r'register values for "\w+" preset have been set successfully \(\d+ ms\)', _msr),
        (r"msr kernel module is not available", _no_msr),
        (r"FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW", _no_msr),
    ],
    "randomx": [
        (r"init dataset algo rx/0 \((\d+) threads\) seed [0-9a-f]{16}\.\.\.", _seed),
        (r"allocated (\d+) MB \(2080\+256\) huge pages (\d+)% (\d+)/(\d+) \+JIT \((\d+) ms\)", _allocated),
        (r"dataset ready \((\d+) ms\)", _filled),
    ],
    "miner": [
        (rf"speed 10s/60s/15m {RATE} {RATE} {RATE} (M?H/s) max {RATE} (M?H/s)", _speed),
        (r"KawPow light cache for epoch (\d+) calculated \((\d+)ms\)", _cache),
    ],
    "nvidia": [
        (r"use profile  kawpow  \((\d+) threads?\) scratchpad 32 KB", _launch),
        (r"READY threads (\d+)/(\d+) \((\d+) ms\)", _cards_ready),
        (r"KawPow DAG for epoch (\d+) calculated \((\d+)ms\)", _graph),
        (r"#(\d+) (\S+) +(\d+)W +(\d+)C (\d+)/\d+ MHz((?: fan\d:\d+%)+)", _report),
        (r'(accepted|rejected) \((\d+)/(\d+)\) diff (\d+[KMG]?)(?: "(.*)")? \((\d+) ms\)', _result),
        (r"stopped \((\d+) ms\)", _stopped),
    ],
    "signal": [(r"Ctrl\+C received, exiting", _exit)],
}


def understood(tag: str, text: str) -> bool:
    """Whether a line has one of the forms that are known of its tag."""
    return any(re.fullmatch(pattern, text) for pattern, _ in _LINES.get(tag, []))


def _loose(read: Read, line: str) -> None:
    """A line without a stamp: of a table, or of what a key asked for."""
    if line.startswith("|"):
        _row(read, line)
    elif found := re.fullmatch(r" - (RESULTS|CONNECTION|TOP 10)", line):
        read.block = read.block if found[1] == "TOP 10" else found[1]
    elif found := re.fullmatch(r" \* (.{17})(.*)", line):
        read.facts[found[1].strip()] = found[2]
    elif found := re.fullmatch(r" *(\d+) \| +(\d+[KMG]?) \| +([\d.]+) \|", line):
        read.top.append((_number(found[2]), float(found[3])))
        read.expect(int(found[1]) == len(read.top), "the ranks are not counted")
    else:
        read.expect(re.fullmatch(r"  # \| DIFFICULTY \| EFFORT % \|", line), f"unknown line: {line}")


def _row(read: Read, line: str) -> None:
    if re.match(r"\|  # \||\| +\S+ # \|", line):
        return
    if not read.graphs and read.cards and read.launched < len(read.cards):
        _launched(read, line)
        return
    number, _, *rates = (cell.strip() for cell in line.strip("|").split("|")[:5])
    if number.isdigit():
        read.expect(int(number) == len(read.table), "the threads are not counted")
        read.table.append(tuple(map(_rate, rates)))
    elif number == "-":
        read.total = tuple(map(_rate, rates))
        read.expect(len(read.table) == read.threads, "not a row for each thread")
        for column, total in zip(zip(*read.table, strict=True), read.total, strict=True):
            known = [rate for rate in column if rate is not None]
            short, step = abs(sum(known) - (total or 0.0)), 0.005 if read.cards else 0.05
            read.expect(short <= step * len(known) + 0.06, "the table's sum is wrong")
        read.table = []


def _close(read: Read) -> None:
    """The end of what a key asked for."""
    facts, block = read.facts, read.block
    if block == "RESULTS":
        _results(read, facts)
    elif block == "CONNECTION":
        read.expect(facts["pool address"].split()[:2] == [read.pool, f"({read.ip})"], "another pool's address")
        read.expect(_number(facts["difficulty"]) == read.difficulty, "another difficulty than the job's")
        passed = read.at - (read.connected or 0.0)
        seconds = int(facts["connection time"].rstrip("s"))
        read.expect(seconds >= passed - 1, "connected for longer")
        if read.pings:
            ordered = sorted(read.pings)
            read.expect(int(facts["ping time"].rstrip("ms")) == ordered[len(ordered) // 2], "another ping's median")
    read.facts, read.block, read.top = {}, "", []


def _results(read: Read, facts: dict[str, str]) -> None:
    share = read.accepted / max(read.accepted + read.rejected, 1) * 100
    read.expect(facts["accepted"] == f"{read.accepted} ({share:.1f}%)", "another share than accepted")
    read.expect(int(facts.get("rejected", 0)) == read.rejected, "another number than rejected")
    hashes, _, average = facts["pool-side hashes"].split()
    least, most = (sum(one + cut * _cut(one) for _, one in read.shares) for cut in (0, 1))
    read.expect(least <= int(hashes) <= most, "the pool's hashes are not the shares'")
    read.expect(average == f"{int(hashes) / max(read.accepted, 1):.0f}", "the average of hashes is wrong")
    read.expect(_number(facts["difficulty"]) == read.difficulty, "another difficulty than the job's")
    if "avg result time" in facts:
        each = (read.at - (read.connected or 0.0)) / max(read.since_connected, 1)
        told = float(facts["avg result time"].rstrip("s"))
        # The line before may have been printed up to a minute earlier than the key was pressed.
        read.expect(told >= each - 0.1, "results come slower than that")
    difficulties = [difficulty for difficulty, _ in read.top]
    read.expect(difficulties == sorted(difficulties, reverse=True), "the best shares are not in order")
    read.expect(len(read.top) == min(10, read.accepted), "not the ten best shares")
    easiest = sorted((one for _, one in read.shares), reverse=True)
    read.expect(
        all(a >= b - _cut(b) for a, b in zip(difficulties, easiest, strict=False)), "a share easier than its job"
    )
    for difficulty, effort in read.top:
        # A difficulty with a letter is cut, so the effort may be for a little more.
        least, most = int(hashes) / (difficulty + _cut(difficulty)) * 100, int(hashes) / difficulty * 100
        read.expect(least - 0.006 <= effort <= most + 0.006, "an effort that was not made")


def _work(read: Read) -> None:
    """Shares are as many as the speed makes likely: within 4.6 standard deviations."""
    speeds = [medium or short for _, short, medium in read.speeds if medium or short]
    if read.ready is None or not speeds:
        return
    speed = sum(speeds) / len(speeds) * (1e6 if read.cards else 1)
    expected = 0.0
    for at, (start, _, difficulty, _) in enumerate(read.jobs):
        end = read.jobs[at + 1][0] if at + 1 < len(read.jobs) else read.at
        begins, ends = max(start, read.ready), max(end, read.ready)
        idle = sum(max(0.0, min(ends, stop) - max(begins, pause)) for pause, stop in read.pauses)
        expected += speed * (ends - begins - idle) / difficulty
    found = read.accepted + read.rejected
    read.expect(
        abs(found - expected) <= 4.6 * math.sqrt(expected) + 1, f"{found} shares where {expected:.0f} are likely"
    )


def _cut(difficulty: int) -> int:
    """What may be missing of a difficulty that was printed with a letter."""
    return next((cut for least, cut in ((10**11, 10**9), (10**8, 10**6), (10**6, 10**3)) if difficulty >= least), 0)


def _number(text: str) -> int:
    return int(text.rstrip("KMG")) * UNITS[text.lstrip("0123456789")]


def _rate(text: str) -> float | None:
    return None if text == "n/a" else float(text)
