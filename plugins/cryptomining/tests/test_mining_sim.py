"""The simulation by itself: chance has the right size, and what belongs together stays together."""

import random
from collections import Counter
from itertools import pairwise, takewhile
from statistics import fmean, stdev

import pytest
from fakeact_cryptomining.catalogue import rigs
from fakeact_cryptomining.sim.cards import LIMIT, Thermals
from fakeact_cryptomining.sim.coins import COINS, Chain
from fakeact_cryptomining.sim.events import Event, NewJob, Reports, Result, Speed, Step, Table
from fakeact_cryptomining.sim.hashing import LONG, SHORT, Threads
from fakeact_cryptomining.sim.mining import Mining
from fakeact_cryptomining.sim.rig import SMALL_PAGES, drawn, rates_of, with_cards

HOURS = 3.0
MONERO = COINS["rx/0"]


def run(seed: int, hours: float = HOURS, trouble: str = "none", algo: str = "rx/0") -> list[Event]:
    rng = random.Random(seed)
    rig = with_cards(rng, 6) if algo == "kawpow" else drawn(rng)
    mining = Mining(rig, COINS[algo], 3_600_000, rng, trouble=trouble, when=80.0)
    return list(takewhile(lambda event: event.at < hours * 3600, mining.events()))


@pytest.fixture(scope="module", params=range(2))
def events(request: pytest.FixtureRequest) -> list[Event]:
    """Three hours of mining."""
    return run(request.param)


def test_shares_are_worth_the_hashes(events: list[Event]) -> None:
    """Over hours, accepted difficulties are the hashes that were made: within four standard deviations."""
    speeds = [event.rates[1] for event in events if isinstance(event, Speed) and event.rates[1]]
    accepted = [event for event in events if isinstance(event, Result) and not event.error]
    made = fmean(speeds) * (events[-1].at - next(e.at for e in events if isinstance(e, Step) and e.what == "ready"))
    spread = sum(event.difficulty**2 for event in accepted) ** 0.5
    assert abs(sum(event.difficulty for event in accepted) - made) < 4 * spread


def test_the_pool_gets_the_pace_it_aims_at(events: list[Event]) -> None:
    """After a while there is a share about every so many seconds."""
    late = [event.at for event in events if isinstance(event, Result) and event.at > 600]
    assert fmean(b - a for a, b in pairwise(late)) == pytest.approx(MONERO.pace, rel=0.2)


def test_shares_have_no_memory(events: list[Event]) -> None:
    """Gaps between shares are spread as wide as they are long, as in a Poisson process."""
    late = [event.at for event in events if isinstance(event, Result) and event.at > 600]
    gaps = [b - a for a, b in pairwise(late)]
    assert stdev(gaps) / fmean(gaps) == pytest.approx(1.0, abs=0.12)


def test_blocks_come_by_chance_and_two_minutes_apart() -> None:
    """Gaps between blocks are two minutes on average, and spread as wide."""
    chain = Chain(MONERO, 3_600_000, random.Random(1))
    gaps = [chain.next_block(100.0) - 100.0 for _ in range(4000)]
    assert fmean(gaps) == pytest.approx(MONERO.block_time, rel=0.06)
    assert stdev(gaps) == pytest.approx(MONERO.block_time, rel=0.1)


def test_the_chain_grows_by_its_blocks(events: list[Event]) -> None:
    """Heights grow one by one, by about thirty an hour: within four standard deviations."""
    heights = [event.height for event in events if isinstance(event, NewJob)]
    assert {b - a for a, b in pairwise(heights)} == {0, 1}
    expected = HOURS * 3600 / MONERO.block_time
    assert abs(heights[-1] - heights[0] - expected) < 4 * expected**0.5


def test_few_shares_are_lost(events: list[Event]) -> None:
    """On a good line one share in some hundred comes too late."""
    results = Counter(bool(event.error) for event in events if isinstance(event, Result))
    assert results[True] / results[False] < 0.015


def test_a_slow_thread_stays_slow() -> None:
    """Threads differ from each other by more than each from itself: silicon does not change."""
    tables = [event for event in run(4, 2.0) if isinstance(event, Table)]
    columns = list(zip(*([rates[1] for _, rates in table.rows] for table in tables[1:]), strict=True))
    within = fmean(stdev(column) / fmean(column) for column in columns)
    between = stdev(fmean(column) for column in columns) / fmean(fmean(column) for column in columns)
    assert between > 2 * within


def test_the_speed_wanders_little() -> None:
    """Neighbouring lines differ by less than two per cent, and yet never stand still."""
    speeds = [event.rates[1] for event in run(5) if isinstance(event, Speed) and event.rates[1]]
    steps = [abs(b / a - 1) for a, b in pairwise(speeds)]
    assert max(steps) < 0.02
    assert len(set(speeds)) > 0.95 * len(speeds)


def test_a_cool_processor_is_faster_for_a_while() -> None:
    """The first seconds are the fastest, so that the maximum is an early one."""
    peaks = [event.peak for event in run(6, 1.0) if isinstance(event, Speed) and event.peak]
    assert peaks[0] == peaks[4]


def test_averages_are_of_the_samples() -> None:
    """A rate is what was counted between two samples over the time between them, and none before its time."""
    threads = Threads((100.0, 50.0), random.Random(1))
    threads.difficulty = 1e12
    threads.start(0.0)
    counted = []
    for tick in range(1, 2000):
        threads.advance(tick / 2)
        threads.sample()
        counted.append((tick / 2, sum(threads.counts)))
        if tick / 2 <= SHORT:
            assert threads.rate(SHORT) is None
        if tick / 2 <= LONG:
            assert threads.rate(LONG) is None
    (start, few), (end, many) = counted[-21], counted[-1]
    assert threads.rate(SHORT) == pytest.approx((many - few) / (end - start))
    assert threads.rate(SHORT) == pytest.approx((threads.rate(SHORT, 0) or 0) + (threads.rate(SHORT, 1) or 0))


def test_a_share_is_found_at_its_moment_however_the_time_is_cut() -> None:
    """To advance in one step or in a thousand is the same."""
    one, other = (Threads((1000.0,), random.Random(2)) for _ in range(2))
    for threads in (one, other):
        threads.difficulty = 50_000
        threads.start(0.0)
    due = one.next_share()
    for part in range(1000):
        other.advance(due * part / 1000)
    assert other.next_share() == pytest.approx(due)


def test_cards_share_the_pool_as_threads_do() -> None:
    """Over hours, accepted difficulties are the hashes that the cards made: within four standard deviations."""
    events = run(7, algo="kawpow")
    speeds = [event.rates[1] for event in events if isinstance(event, Speed) and event.rates[1]]
    accepted = [event for event in events if isinstance(event, Result) and not event.error]
    made = fmean(speeds) * (events[-1].at - next(e.at for e in events if isinstance(e, Step) and e.what == "graph"))
    spread = sum(event.difficulty**2 for event in accepted) ** 0.5
    assert abs(sum(event.difficulty for event in accepted) - made) < 4 * spread


def test_cards_have_inertia_and_stay_themselves() -> None:
    """Degrees follow watts slowly, settle, and then each card keeps its own."""
    reports = [[one.temperature for one in e.cards] for e in run(8, 2.0, algo="kawpow") if isinstance(e, Reports)]
    first, second, late = reports[0], reports[1], reports[20:]
    assert all(a < b for a, b in zip(first, second, strict=True))
    assert all(max(column) - min(column) <= 3 for column in zip(*late, strict=True))
    assert len(set(late[0])) > 2


def test_a_card_without_its_fan_gets_hot_and_slow() -> None:
    """Where a fan sticks, the card is warmer than before, and throttled once it is too warm."""
    rig = with_cards(random.Random(9), 3)
    thermals = Thermals(rig.cards, random.Random(9))
    for _ in range(1200):
        thermals.advance(0.5, [1.0] * 3)
    cool = thermals.health(1)
    thermals.stuck.add(1)
    for _ in range(1200):
        thermals.advance(0.5, [1.0] * 3)
    hot = thermals.health(1)
    assert hot.temperature > cool.temperature + 8
    assert (hot.fans[0], thermals.throttle(0)) == (0, 1.0)
    assert (thermals.throttle(1) < 1.0) == (hot.temperature > LIMIT)


@pytest.mark.parametrize("card", rigs()["cards"], ids=lambda card: card["name"])
def test_cards_are_possible(card: dict[str, float]) -> None:
    """A card's memory holds today's graph, and its figures are of one magnitude."""
    assert card["memory"] > 1024 + 8 * 700
    assert 0.1 < card["hashrate"] / card["power"] < 0.3
    assert card["memory_running"] < card["memory_clock"]


@pytest.mark.parametrize("cpu", rigs()["cpus"], ids=lambda cpu: cpu["brand"])
def test_processors_are_possible(cpu: dict[str, object]) -> None:
    """What mines fits the processor, and its cache of 2 MB a thread."""
    assert cpu["threads"] in (cpu["cores"], 2 * cpu["cores"])  # type: ignore[operator]
    assert 2 * cpu["mining"] <= cpu["l3"]  # type: ignore[operator]
    assert cpu["mining"] <= cpu["threads"]  # type: ignore[operator]
    assert cpu["socket"] in rigs()["sockets"]


@pytest.mark.parametrize("seed", range(40))
def test_a_machine_is_as_fast_as_its_processor(seed: int) -> None:
    """All threads together do what the catalogue says, less without the right to huge pages and registers."""
    rig, slow = drawn(random.Random(seed)), drawn(random.Random(seed), privileged=False)
    assert sum(rig.rates) == pytest.approx(rig.cpu["hashrate"], rel=0.02)
    assert sum(slow.rates) == pytest.approx(slow.cpu["hashrate"] * SMALL_PAGES, rel=0.02)
    assert len(set(rig.affinity)) == rig.threads == len(rig.rates)


def test_more_threads_are_faster_but_less_so() -> None:
    """A second thread of a core adds less than its first: twelve cores are not half of 24 threads."""
    (cpu,) = (one for one in rigs()["cpus"] if "5900X" in one["brand"])
    six, twelve, all = (sum(rates_of(cpu, count, random.Random(3), privileged=True)) for count in (6, 12, 24))
    assert twelve == pytest.approx(2 * six, rel=0.03)
    assert 1.2 * twelve < all < 1.4 * twelve
