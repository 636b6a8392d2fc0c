"""XMRig's own lines, as version 6.26 prints them, in its colours.

Tags, colours and wording are those of its source (`Summary.cpp`, `Network.cpp`, `NetworkState.cpp`,
`Miner.cpp`, `CpuBackend.cpp`, `Rx*.cpp`, `Log.h`) and of logs that were published with it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from fakeact.style import bold, cyan, green, on_blue, red, yellow
from fakeact_cryptomining.sim import events as e
from fakeact_cryptomining.sim.cards import Health
from fakeact_cryptomining.sim.coins import Coin
from fakeact_cryptomining.sim.hashing import Rate
from fakeact_cryptomining.sim.pool import Address
from fakeact_cryptomining.sim.rig import Rig
from fakeact_cryptomining.tones import (
    CPU,
    CYAN,
    GREEN,
    GREY,
    MAGENTA,
    MINER,
    MSR,
    NET,
    NVIDIA,
    RANDOMX,
    RED,
    SIGNAL,
    WHITE,
    YELLOW,
    human,
    rate,
)

SCRATCHPAD = 2048
"""KB that each thread of RandomX writes to."""
KAWPOW_SCRATCHPAD = 32


class Log:
    """Lines for what happens in a miner that was *started* then, on a *rig*, with a *pool*, for a *coin*."""

    def __init__(self, rig: Rig, pool: Address, coin: Coin, started: datetime) -> None:
        self._rig, self._pool, self._coin, self._started = rig, pool, coin, started
        self._tag = NVIDIA if rig.cards else CPU
        self._height = 0
        self._lines: dict[type[e.Event], Callable[..., list[str]]] = {
            e.Connected: self._connected,
            e.NewJob: self._job,
            e.Step: self._step,
            e.Result: self._result,
            e.Speed: self._speed,
            e.Table: self._table,
            e.Reports: self._reports,
            e.Results: self._results,
            e.Connection: self._connection,
            e.Lost: self._lost,
            e.Refused: self._refused,
        }

    def lines(self, event: e.Event) -> list[str]:
        """What is printed of an event."""
        return self._lines[type(event)](event)

    def stopped(self, at: float, milliseconds: int) -> list[str]:
        """What is printed when Ctrl-C is pressed, and when all threads have stopped some milliseconds later."""
        return [
            self._stamped(at, f"{SIGNAL} {yellow('Ctrl+C received, exiting')}"),
            self._stamped(at + milliseconds / 1000, f"{self._tag} {yellow('stopped')}{GREY(f' ({milliseconds} ms)')}"),
        ]

    def _stamped(self, at: float, text: str) -> str:
        moment = self._started + timedelta(seconds=at)
        return f"[{moment:%Y-%m-%d %H:%M:%S}{GREY(f'.{moment.microsecond // 1000:03}')}] {text}"

    def _connected(self, event: e.Connected) -> list[str]:
        pool = self._pool
        use = f"{NET} {WHITE('use pool')} {CYAN(pool.url)} {GREEN(pool.tls)} {GREY(pool.ip)}"
        lines = [self._stamped(event.at, use)]
        if pool.fingerprint:
            told = GREY(f'fingerprint (SHA-256): "{pool.fingerprint}"')
            lines.append(self._stamped(event.at, f"{NET} {told}"))
        return lines

    def _job(self, event: e.NewJob) -> list[str]:
        self._height = event.height
        text = (
            f"{NET} {MAGENTA('new job')} from {WHITE(self._pool.url)} diff {WHITE(human(event.difficulty))} "
            f"algo {WHITE(self._coin.algorithm)} height {WHITE(str(event.height))}"
        )
        return [self._stamped(event.at, f"{text} ({event.transactions} tx)" if event.transactions else text)]

    def _step(self, event: e.Step) -> list[str]:
        took = GREY(f" ({event.milliseconds} ms)")
        of_epoch = f"for epoch {WHITE(str(event.epoch))} calculated {GREY(f'({event.milliseconds}ms)')}"
        rig = self._rig
        texts = {
            "argon2": [f"{CPU} use {WHITE('argon2')} implementation {GREEN(rig.cpu['argon2'])}"],
            "msr": self._msr(took),
            "init": [f"{RANDOMX} {self._init()} {GREY(f'seed {event.seed}...')}"],
            "allocated": [f"{RANDOMX} {self._allocated()}{took}"],
            "dataset": [f"{RANDOMX} {GREEN('dataset ready')}{took}"],
            "profile": [f"{self._tag} {self._profile()}"],
            "ready": [f"{self._tag} {self._ready()}{took}"],
            "cache": [f"{MINER} {yellow('KawPow')} light cache {of_epoch}"],
            "graph": [f"{NVIDIA} {yellow('KawPow')} DAG {of_epoch}"],
        }
        lines = [self._stamped(event.at, text) for text in texts[event.what]]
        return [*lines, *self._launch()] if event.what == "profile" and rig.cards else lines

    def _init(self) -> str:
        processors = f"{CYAN(str(self._rig.cpu['threads']))}{WHITE(' threads)')}"
        return f"{MAGENTA('init dataset')} algo {WHITE(f'{self._coin.algorithm} (')}{processors}"

    def _profile(self) -> str:
        rig, several = self._rig, " threads" if self._rig.threads > 1 else " thread"
        threads = f"{WHITE('(')}{CYAN(str(rig.threads))}{WHITE(f'{several})')}"
        scratchpad = CYAN(f"{KAWPOW_SCRATCHPAD if rig.cards else SCRATCHPAD} KB")
        return f"use profile {on_blue(WHITE(f' {rig.profile} '))} {threads} scratchpad {scratchpad}"

    def _launch(self) -> list[str]:
        """How each card is used: 256 threads in blocks, 2048 a multiprocessor; memory is for the graph."""
        head = "|  # | GPU |  BUS ID | INTENSITY | THREADS | BLOCKS | BF |  BS | MEMORY | NAME"
        # The graph has 1 GB and 8 MB more with each epoch.
        graph = 1024 + 8 * self._coin.epoch(self._height)
        rows = [
            f"|{CYAN(f'{n:3}')} |{CYAN(f'{n:4}')} |{yellow(f'{card.bus:>8}')} |{CYAN(f'{card.smx * 2048 * 256:10}')} |"
            f"{CYAN(f'{256:8}')} |{CYAN(f'{card.smx * 2048:7}')} |{CYAN(f'{0:3}')} |{CYAN(f'{0:4}')} |"
            f"{cyan(f'{graph:7}')} | {green(card.name)}"
            for n, card in enumerate(self._rig.cards)
        ]
        return [WHITE(head), *rows]

    def _reports(self, event: e.Reports) -> list[str]:
        return [self._stamped(event.at, f"{NVIDIA} {self._health(n, card)}") for n, card in enumerate(event.cards)]

    def _health(self, number: int, report: Health) -> str:
        heat = GREEN if report.temperature < 60 else RED if report.temperature > 85 else YELLOW
        fans = "".join(f" fan{n}:{CYAN(f'{speed}%')}" for n, speed in enumerate(report.fans))
        clocks = WHITE(f" {report.clock}/{report.memory_clock} MHz")
        place = f"{CYAN(f'#{number}')} {yellow(self._rig.cards[number].bus)}"
        return f"{place}{MAGENTA(f'{report.power:4}W')}{heat(f' {report.temperature:2}C')}{clocks}{fans}"

    def _msr(self, took: str) -> list[str]:
        if not self._rig.privileged:
            failed = RED("FAILED TO APPLY MSR MOD, HASHRATE WILL BE LOW")
            return [f"{MSR} {yellow('msr kernel module is not available')}", f"{MSR} {failed}"]
        done = f'register values for "{self._rig.cpu["msr"]}" preset have been set successfully'
        return [f"{MSR} {GREEN(done)}{took}"]

    def _allocated(self) -> str:
        # 2080 MB of dataset and 256 MB of cache, in pages of 2 MB, or of 1 GB, of which three are needed.
        megabytes, pages = (3072, 3) if self._rig.gigabyte_pages else (2336, 1168)
        size = f"{GREEN('allocated')} {CYAN(f'{megabytes} MB')} {GREY('(2080+256)')}"
        return f"{size} huge pages {self._pages(pages)} {GREEN('+JIT')}"

    def _ready(self) -> str:
        count = self._rig.threads
        if self._rig.cards:
            return f"{GREEN('READY')} threads {CYAN(f'{count}/{count}')}"
        threads = f"{GREEN('READY')} threads {CYAN(f'{count}/{count} ({count})')}"
        return f"{threads} huge pages {self._pages(count)} memory {CYAN(f'{count * SCRATCHPAD} KB')}"

    def _pages(self, wanted: int) -> str:
        return GREEN(f"100% {wanted}/{wanted}") if self._rig.privileged else RED(f"0% 0/{wanted}")

    def _result(self, event: e.Result) -> list[str]:
        verdict = RED("rejected") if event.error else GREEN("accepted")
        text = f"{self._tag} {verdict} ({event.accepted}/{event.rejected}) diff {WHITE(human(event.difficulty))}"
        quoted = " " + red(f'"{event.error}"') if event.error else ""
        return [self._stamped(event.at, f"{text}{quoted} {GREY(f'({event.milliseconds} ms)')}")]

    def _speed(self, event: e.Speed) -> list[str]:
        scale, unit = self._scale
        short, medium, long = (rate(one, scale) for one in event.rates)
        averages = f"{CYAN(short)}{cyan(f' {medium} {long} ')}{CYAN(unit)}"
        highest = CYAN(f"{rate(event.peak, scale)} {unit}")
        return [self._stamped(event.at, f"{MINER} {WHITE('speed')} 10s/60s/15m {averages} max {highest}")]

    @property
    def _scale(self) -> tuple[float, str]:
        return (1e-6, "MH/s") if self._rig.cards else (1.0, "H/s")

    def _table(self, event: e.Table) -> list[str]:
        scale, unit = self._scale
        wide = len(f"10s {unit}")

        def row(number: str, affinity: str, rates: tuple[Rate, Rate, Rate]) -> str:
            return f"| {number:>8} | {affinity:>8} | {' | '.join(f'{rate(one, scale):>{wide}}' for one in rates)} |"

        threads = [row(str(at), str(affinity), rates) for at, (affinity, rates) in enumerate(event.rows)]
        if self._rig.cards:
            named = enumerate(zip(threads, self._rig.cards, strict=True))
            threads = [f"{one} {CYAN(f'#{n}')} {yellow(card.bus)} {green(card.name)}" for n, (one, card) in named]
        head = f"| {'CUDA' if self._rig.cards else ' CPU':>6} # | AFFINITY | 10s {unit} | 60s {unit} | 15m {unit} |"
        return [WHITE(head), *threads, WHITE(row("-", "-", event.total))]

    def _results(self, event: e.Results) -> list[str]:
        if not event.hashes:
            return [self._stamped(event.at, YELLOW("no results yet"))]
        shade = yellow if event.rejected else green
        share = event.accepted / (event.accepted + event.rejected) * 100
        rows = [("accepted", f"{bold(shade(str(event.accepted)))}{shade(f' ({share:.1f}%)')}")]
        if event.rejected:
            rows.append(("rejected", RED(str(event.rejected))))
        average = cyan(f"{event.hashes / event.accepted:.0f}")
        rows.append(("pool-side hashes", f"{CYAN(str(event.hashes))} avg {average}"))
        rows.append(("difficulty", CYAN(human(event.difficulty))))
        if event.milliseconds:
            pace = YELLOW if event.milliseconds < 10_000 else GREEN
            rows.append(("avg result time", pace(f"{event.milliseconds / 1000:.1f}s")))
        head = [MAGENTA(" - TOP 10"), WHITE("  # | DIFFICULTY | EFFORT % |")]
        top = [_effort(at, one, event.hashes) for at, one in enumerate(event.top)]
        return [MAGENTA(" - RESULTS"), *(_fact(*one) for one in rows), *head, *top]

    def _connection(self, event: e.Connection) -> list[str]:
        if event.connected < 0:
            return [self._stamped(event.at, YELLOW("no active connection"))]
        pool = self._pool
        rows = [
            ("pool address", f"{CYAN(pool.url)} {GREY(f'({pool.ip})')} {GREEN(pool.tls)}"),
            ("algorithm", WHITE(self._coin.algorithm)),
            ("difficulty", CYAN(human(event.difficulty))),
        ]
        if event.ping:
            shade = GREEN if event.ping < 100 else RED if event.ping > 500 else YELLOW
            rows.append(("ping time", shade(f"{event.ping}ms")))
        rows.append(("connection time", CYAN(f"{event.connected // 1000}s")))
        return [MAGENTA(" - CONNECTION"), *(_fact(*one) for one in rows)]

    def _lost(self, event: e.Lost) -> list[str]:
        read = red("read error: ") + RED(f'"{event.error}"')
        return [
            self._stamped(event.at, f"{NET} {CYAN(self._pool.url)} {read}"),
            self._stamped(event.at, f"{NET} {red('no active pools, stop mining')}"),
        ]

    def _refused(self, event: e.Refused) -> list[str]:
        where = f"{NET} {CYAN(self._pool.url)} {self._pool.ip}"
        return [self._stamped(event.at, where + red(" connect error: ") + RED(f'"{event.error}"'))]


def _fact(name: str, text: str) -> str:
    return f"{GREEN(' * ')}{WHITE(f'{name:<17}')}{text}"


def _effort(at: int, difficulty: int, hashes: int) -> str:
    """A row of the best shares: of all hashes, how many a share as good as this takes."""
    effort, target = hashes / difficulty * 100, (at + 1) * 100
    shade = red if effort > target + 100 else yellow if effort > target else green
    return f"{at + 1:>3} | {human(difficulty):>10} | {shade(f'{effort:8.2f}')} |"
