"""The printed text of a session adds up, a text that does not is caught, and its lines are XMRig's."""

import re
from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
from fakeact_cryptomining import fakeact_modules

from fakeact.testing import perform

from .mining_reader import STAMP, faults, understood

(MODULE,) = fakeact_modules()
ALGORITHMS = ("rx/0", "kawpow")
TROUBLES = ("none", "outage", "lag", "busy", "heat", "epoch", "unprivileged")


@cache
def log(seed: int, **options: object) -> list[str]:
    """A whole session's lines as in a pipe."""
    played = perform(MODULE, seed=seed, seconds=9000, motion=False, color=False, **options)
    assert (played.error, played.ended) == (None, "finished")
    return played.raw.splitlines()


@pytest.mark.parametrize("seed", range(12))
def test_a_reader_finds_no_slip(seed: int) -> None:
    """Counts, sums, averages, durations and chances are right in what was printed."""
    assert faults(log(seed)) == []


@pytest.mark.parametrize("algo", ALGORITHMS)
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("seed", range(20, 22))
def test_trouble_keeps_the_books_straight(algo: str, trouble: str, seed: int) -> None:
    """Whatever goes wrong, what is told of it fits together."""
    assert faults(log(seed, trouble=trouble, algo=algo)) == []


@pytest.mark.parametrize("gpus", [1, 2, 9, 16])
def test_any_number_of_cards_adds_up(gpus: int) -> None:
    """Another number of cards has its rows, its reports and its speed."""
    lines = log(4, algo="kawpow", gpus=gpus)
    assert faults(lines) == []
    assert any(f"READY threads {gpus}/{gpus} (" in line for line in lines)


@pytest.mark.parametrize("threads", [1, 7, 48])
def test_any_number_of_threads_adds_up(threads: int) -> None:
    """Another number of threads has its memory, its rows and its speed."""
    lines = log(3, threads=threads)  # which also says that it is the processor that mines
    assert faults(lines) == []
    assert any(f"READY threads {threads}/{threads} ({threads})" in line for line in lines)


def test_half_an_hour_has_a_long_average() -> None:
    """After fifteen minutes the third average is there, and all still adds up."""
    for algo in ALGORITHMS:
        lines = log(1, duration=1900, trouble="busy", algo=algo)
        assert faults(lines) == []
        assert "n/a" not in next(line for line in reversed(lines) if " speed " in line)


def test_a_slow_line_loses_shares() -> None:
    """With trouble on the line some shares come too late."""
    rejected = [line for seed in range(8) for line in log(seed, trouble="lag", algo="rx/0") if " rejected (" in line]
    assert any('"Block expired"' in line for line in rejected)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 500))
def test_a_reader_finds_no_slip_in_many(seed: int) -> None:
    """The campaign: other seeds, and longer ones."""
    assert faults(log(seed, duration=75 + seed % 7 * 200)) == []


def swap(pattern: str, new: str) -> Callable[[list[str]], list[str]]:
    """A mistake: the last line of a kind says something else."""

    def apply(lines: list[str]) -> list[str]:
        at = max(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], re.sub(pattern, new, lines[at]), *lines[at + 1 :]]

    return apply


def drop(pattern: str) -> Callable[[list[str]], list[str]]:
    """A mistake: the first line of a kind is missing."""

    def apply(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return lines[:at] + lines[at + 1 :]

    return apply


def late(pattern: str) -> Callable[[list[str]], list[str]]:
    """A mistake: the first line of a kind comes four lines later."""

    def apply(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], *lines[at + 1 : at + 5], lines[at], *lines[at + 5 :]]

    return apply


def repeat(pattern: str) -> Callable[[list[str]], list[str]]:
    """A mistake: the first line of a kind is there twice."""

    def apply(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return lines[: at + 1] + lines[at:]

    return apply


def insert(pattern: str, new: str) -> Callable[[list[str]], list[str]]:
    """A mistake: a line too many before the first of a kind."""

    def apply(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], new, *lines[at:]]

    return apply


def thin(lines: list[str]) -> list[str]:
    """A mistake: far fewer shares than the speed makes likely."""
    kept, count = [], 0
    for line in lines:
        if "accepted (" in line and re.search(r"\(\d+/0\)", line):
            if int(re.search(r"\((\d+)/", line)[1]) % 16:  # type: ignore[index]
                continue
            count += 1
            line = re.sub(r"\(\d+/", f"({count}/", line)
        kept.append(line)
    return kept


MISTAKES: dict[str, Callable[[list[str]], list[str]]] = {
    "the summary lacks something": drop(r"MEMORY "),
    "cores and threads do not fit": swap(r" \d+C/", " 7C/"),
    "the percentage of memory is wrong": swap(r"GB \(\d+%\)", "GB (55%)"),
    "the modules are not the memory": swap(r": \d+ GB DDR", ": 3 GB DDR"),
    "modules without a board": drop(r"MOTHERBOARD"),
    "another maker's assembly": swap(r"auto:\w+", "auto:bulldozer intel Intel"),
    "time runs backwards": late(r"init dataset"),
    "after the end": repeat(r" stopped \("),
    "unknown line": swap(r" accepted \(", " Accepted ("),
    "another pool than configured": swap(r"POOL #1      \S+", "POOL #1      other.example:1"),
    "connected twice": repeat(r"use pool"),
    "a job from nowhere": drop(r"use pool"),
    "the chain grows shorter": swap(r"height \d+", "height 36"),
    "transactions left the template": swap(r" \(\d+ tx\)$", ""),
    "the dataset is filled by other threads": swap(r"rx/0 \(\d+ threads\)", "rx/0 (3 threads)"),
    "a dataset for the same seed again": repeat(r"init dataset"),
    "pages do not make up the memory": swap(r"allocated \d+ MB", "allocated 2000 MB"),
    "the percentage of pages is wrong": swap(r"huge pages \d+%", "huge pages 93%"),
    "allocation: said": swap(r"JIT \((\d+) ms", r"JIT (9\1 ms"),
    "dataset: said": swap(r"ready \((\d+) ms", r"ready (9\1 ms"),
    "threads: said": swap(r"KB \((\d+) ms", r"KB (9\1 ms"),
    "more threads than processors": swap(r"\(\d+ threads\) scratchpad", "(999 threads) scratchpad"),
    "not the threads of the profile": swap(r"READY threads \d+", "READY threads 3"),
    "memory is not 2048 KB a thread": swap(r"memory \d+", "memory 4096"),
    "a share is not counted": drop(r"accepted \(3/"),
    "rejected for nothing": swap(r" accepted \((\d+)/(\d+)\) diff (\d+\w?)", r' accepted (\1/\2) diff \3 "no"'),
    "a result without a connection": drop(r"use pool"),
    "a share of no job that was there": swap(r"(accepted .*) diff \d+", r"\1 diff 12321"),
    "a share before the threads began": swap(r"accepted(.*)\(\d+ ms\)", r"accepted\1(999999 ms)"),
    "an average of 60 s": swap(r"15m ([\d.]+) [\d.]+", r"15m \1 n/a"),
    "an average of 900 s": swap(r"n/a H/s", "1000.0 H/s"),
    "the maximum is none": swap(r"max [\d.]+", "max 1.0"),
    "the table's total is not the speed": swap(
        r"\|        - \|        - \| +[\d.]+", "|        - |        - |     9.9"
    ),
    "the table's sum is wrong": swap(r"^\|        0 \| +(\S+) \| +[\d.]+", r"|        0 | \1 |   9.9"),
    "not a row for each thread": drop(r"^\|        0 "),
    "the threads are not counted": drop(r"^\|        1 "),
    "not a minute after the last": drop(r" speed "),
    "faster than the maximum": swap(r"15m ([\d.]+) [\d.]+", r"15m \1 99999.9"),
    "much slower than the maximum": swap(r"15m ([\d.]+) [\d.]+", r"15m \1 99.9"),
    "lost what was not there": repeat(r"read error"),
    "refused while connected": swap(
        r"no active pools.*", 'xmr.example:1 192.0.2.1 connect error: "connection refused"'
    ),
    "stopped without Ctrl-C": drop(r"Ctrl\+C"),
    "stopping: said": swap(r"stopped \((\d+)", r"stopped (9\1"),
    "the ranks are not counted": swap(r"^  1 \|", "  3 |"),
    "another share than accepted": swap(r"\* accepted +\d+", "* accepted         7"),
    "another number than rejected": insert(r"pool-side hashes", " * rejected         77"),
    "the pool's hashes are not the shares'": swap(r"hashes \d+", "hashes 12345"),
    "the average of hashes is wrong": swap(r" avg \d+", " avg 3"),
    "another difficulty than the job's": swap(r"\* difficulty +\d+\w?", "* difficulty       77"),
    "results come slower than that": swap(r"avg result time +.*", "avg result time  0.1s"),
    "the best shares are not in order": swap(r"^  1 \| +\d+\w?", "  1 |          1"),
    "not the ten best shares": drop(r"^ 10 \|"),
    "a share easier than its job": swap(r"^(  1|  2) \| +\d+\w?", r"\1 |         12"),
    "an effort that was not made": swap(r"^(  2 \| +\S+ \|) +[\d.]+", r"\1    99999.99"),
    "another pool's address": swap(r"pool address +\S+", "pool address     other.example:1"),
    "connected for longer": swap(r"connection time +\d+", "connection time  1"),
    "another ping's median": swap(r"ping time +\d+", "ping time        7777"),
    "shares where": thin,
    "the cards are not counted": swap(r"CUDA GPU     #\d", "CUDA GPU     #77"),
    "cards for another algorithm": swap(r"algo auto", "algo kawpow"),
    "two cards in one place": swap(r"(CUDA GPU     #3) \S+", r"\1 00:00.0"),
    "more memory free than there is": swap(r"mem:\d+/", "mem:99999/"),
    "work for another algorithm": swap(r"diff (\S+) algo \S+", r"diff \1 algo rx/wow"),
    "another unit": swap(r"max ([\d.]+) MH/s", r"max \1 H/s"),
    "not a thread for each card": swap(r"kawpow  \(\d+", "kawpow  (3"),
    "another card than there is": swap(r"\| NVIDIA .*", "| NVIDIA GeForce GT 710"),
    "intensity is not threads times blocks": swap(r"\|     256 \|", "|     512 |"),
    "the graph has another size": swap(r"\|   5\d\d\d \| NVIDIA", "|   3210 | NVIDIA"),
    "a cache for another epoch": swap(r"cache for epoch \d+", "cache for epoch 3"),
    "a graph for another epoch": swap(r"DAG for epoch \d+", "DAG for epoch 3"),
    "cache: said": swap(r"cache(.*)\((\d+)ms", r"cache\1(9\2ms"),
    "graph: said": swap(r"DAG(.*)\((\d+)ms", r"DAG\1(9\2ms"),
    "more graphs than cards": repeat(r"DAG for"),
    "a card's report is missing": drop(r"nvidia   #0"),
    "a card in another place": swap(r"nvidia   #0 \S+", "nvidia   #0 77:00.0"),
    "a card that cannot be": swap(r"(nvidia   #0 \S+ +)\d+W", r"\g<1>999W"),
    "a clock between two steps": swap(r"C \d+/", "C 1001/"),
    "a fan faster than it can": swap(r"fan0:\d+%", "fan0:222%"),
    "a temperature without inertia": swap(r"(nvidia   #0 .*W) \d+C", r"\1 21C"),
    "does not end as": drop(r"stopped \("),
}


def _expired(lines: list[str]) -> list[str]:
    """The first share is said to be expired before any block came."""
    at = next(i for i, line in enumerate(lines) if "accepted (1/0)" in line)
    said = re.sub(r"accepted \(1/0\) (.*?) \(", r'rejected (0/1) \1 "Block expired" (', lines[at])
    return [*lines[:at], said, *lines[at + 1 :]]


MISTAKES |= {
    "registers not set although": lambda lines: [
        re.sub(r"register values.*", "msr kernel module is not available", line) for line in lines
    ],
    "registers set without the right to": lambda lines: [line for line in lines if " GB DDR" not in line],
    "expired without a block": _expired,
}


@pytest.mark.parametrize("fault", MISTAKES)
def test_the_reader_is_awake(fault: str) -> None:
    """Each rule of the reader catches a mistake made on purpose."""
    mistake = MISTAKES[fault]
    caught: list[str] = []
    for seed, trouble, algo in product(range(20, 22), TROUBLES, ALGORITHMS):
        try:
            caught += faults(mistake(log(seed, trouble=trouble, algo=algo)))
        except (StopIteration, ValueError, KeyError, IndexError):
            continue  # this session has no line of that kind
    assert any(fault in one for one in caught)


PUBLISHED = """\
[2025-08-24 09:41:45.690]  msr      register values for "ryzen_1Ah_zen5" preset have been set successfully (0 ms)
[2025-08-24 09:41:45.690]  randomx  init dataset algo rx/0 (32 threads) seed 1dc5dbac121f6456...
[2025-08-24 09:41:45.783]  randomx  allocated 3072 MB (2080+256) huge pages 100% 3/3 +JIT (94 ms)
[2025-08-24 09:41:46.349]  randomx  dataset ready (565 ms)
[2025-08-24 09:41:46.349]  cpu      use profile  rx  (32 threads) scratchpad 2048 KB
[2026-06-10 20:08:14.395]  cpu      use profile  *  (192 threads) scratchpad 2048 KB
[2026-06-10 20:08:14.814]  cpu      READY threads 192/192 (192) huge pages 100% 192/192 memory 393216 KB (419 ms)
[2026-06-10 20:08:15.407]  cpu      stopped (11 ms)
[2024-05-02 12:28:58.272]  net      use pool pool.example:3333  192.0.2.1
[2024-05-02 12:28:58.273]  net      new job from pool.example:3333 diff 10000 algo rx/0 height 3140050 (12 tx)
[2024-05-02 12:28:58.273]  cpu      use argon2 implementation AVX2
[2024-05-02 12:28:58.378]  randomx  allocated 2336 MB (2080+256) huge pages 100% 1168/1168 +JIT (0 ms)
[2024-04-29 13:52:36.337]  net      use pool pool.example:80 TLSv1.3 192.0.2.2
[2024-04-29 13:52:36.337]  msr      msr kernel module is not available
[2024-04-29 13:52:36.337]  msr      FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW
[2024-04-29 13:52:36.338]  randomx  allocated 2336 MB (2080+256) huge pages 0% 0/1168 +JIT (0 ms)
[2022-12-25 19:17:43.726]  cpu      accepted (10/1) diff 120001 (243 ms)
[2022-12-25 19:18:15.264]  miner    speed 10s/60s/15m 3160.8 3114.5 n/a H/s max 3435.9 H/s
[2022-12-25 19:18:16.894]  net      pool.example:2222 read error: "end of file"
[2022-12-25 19:18:16.894]  net      no active pools, stop mining
[2026-01-17 20:49:09.742]  net      new job from pool.example:1140 diff 1073M algo kawpow height 4199118
[2026-01-17 20:49:09.743]  nvidia   use profile  kawpow  (1 thread) scratchpad 32 KB
[2026-01-17 20:49:09.964]  nvidia   READY threads 1/1 (220 ms)
[2026-01-17 20:49:18.254]  miner    KawPow light cache for epoch 559 calculated (8289ms)
[2026-01-17 20:49:52.087]  nvidia   KawPow DAG for epoch 559 calculated (33833ms)
[2026-01-17 20:50:03.519]  nvidia   #0 01:00.0 113W 57C 1920/6801 MHz fan0:47% fan1:47%
[2026-01-17 20:50:11.138]  miner    speed 10s/60s/15m 5.21 n/a n/a MH/s max 5.21 MH/s
[2021-04-18 11:33:06.331]  nvidia   #1 01:00.0  24W 59C 1222/2900 MHz fan0:34%
[2026-11-25 03:49:24.811]  cpu      accepted (1/0) diff 60 (52 ms)
[2026-11-25 03:50:50.195]  miner    speed 10s/60s/15m 8.85 7.74 n/a H/s max 10.04 H/s
[2026-11-25 04:37:57.739]  cpu      rejected (1/1) diff 2 "Low difficulty share" (44 ms)
[2026-11-25 03:50:55.304]  signal   Ctrl+C received, exiting"""


@pytest.mark.parametrize("line", PUBLISHED.splitlines())
def test_published_lines_have_the_same_form(line: str) -> None:
    """Lines that people published of XMRig 6.12 to 6.25 (issues 3184, 3697, ...) and a run of 6.26 read as ours do."""
    found = STAMP.fullmatch(line)
    assert found is not None
    assert understood(found[2], found[3])


def test_there_are_no_two_alike() -> None:
    """Machine, pool and chain differ from seed to seed."""
    assert len({tuple(log(seed, algo="rx/0")[4:20]) for seed in range(12)}) == 12
