"""What is simulated: the link is never exceeded, connections ramp up, faults have their consequences."""

import random

from fakeact_download.catalogue import Target
from fakeact_download.events import Closed, Requested, Response, Saving, Short
from fakeact_download.servers import Fault, Server, World
from fakeact_download.tcp import INITIAL_WINDOW, SEGMENT, Flow, share
from fakeact_download.transfer import TIMEOUT
from fakeact_download.wget import STEP, Wget

FILE = Target("a.example", "x/one.iso", 10_000_000)


def run(fault: Fault | None = None, disk: dict[str, int] | None = None, files: tuple[Target, ...] = (FILE,)) -> Wget:
    faults = {FILE.name: [fault]} if fault else {}
    world = World({"a.example": Server(0.02, 2e6), "b.example": Server(0.05, 1e6)}, 4e6, faults)
    return Wget(world, {} if disk is None else disk, list(files), 5, random.Random(1))


def play(wget: Wget) -> list[tuple[float, object]]:
    told: list[tuple[float, object]] = []
    while not wget.over:
        told += [(wget.now, event) for event in wget.step()]
        assert wget.now < 1000
    return told


def test_slow_start_doubles_each_round_trip() -> None:
    """A connection begins with ten segments a round trip and has twice as many one round trip later."""
    flow, rng = Flow(0.1, 1e12), random.Random(1)
    assert flow.demand == INITIAL_WINDOW / 0.1
    for _ in range(10):
        flow.advance(0.01, rng)
    assert abs(flow.demand - 2 * INITIAL_WINDOW / 0.1) < 1


def test_cubic_gives_back_what_was_lost() -> None:
    """After a loss the rate falls to 0.7, comes back by the cube root's law and grows beyond."""
    flow, rng = Flow(0.02, 1e12), random.Random(1)
    for _ in range(20):
        flow.advance(0.01, rng)
    top = flow.demand
    flow.lose()
    assert abs(flow.demand / top - 0.7) < 1e-9
    segments = top * 0.02 / SEGMENT
    for _ in range(round((segments * 0.3 / 0.4) ** (1 / 3) / 0.01)):
        flow.advance(0.01, rng)
    assert abs(flow.demand / top - 1) < 0.01


def test_the_link_is_shared_and_full() -> None:
    """Four greedy connections never get more than the link has, most of it together, and none starves."""
    rng, flows = random.Random(2), [Flow(rtt, 1e9) for rtt in (0.01, 0.03, 0.05, 0.1)]
    got = [0.0] * 4
    for _ in range(3000):
        parts = share(flows, 1e6, 0.02, rng)
        assert sum(parts) <= 1e6 * 0.02 * 1.000001
        got = [total + part for total, part in zip(got, parts, strict=True)]
    assert sum(got) > 0.8 * 1e6 * 60
    assert min(got) > 0.02 * sum(got)


def test_a_pause_costs_its_seconds() -> None:
    """A file with a silent server in the middle takes as much longer, and nothing is said of it."""
    calm, paused = run(), run(Fault("pause", 0.5, 6.0))
    play(calm)
    events = play(paused)
    assert 5.0 < paused.now - calm.now < 8.0
    assert not [event for _, event in events if isinstance(event, Short)]


def test_a_stall_is_given_up_after_the_timeout_and_tried_again() -> None:
    """What is cut is told ten seconds later; a second later it begins anew from the first byte."""
    wget = run(Fault("stall", 0.3))
    told = play(wget)
    ((cut, short),) = [(at, event) for at, event in told if isinstance(event, Short)]
    assert (short.got, short.size) == (3_000_000, 10_000_000)
    asked = [at for at, event in told if isinstance(event, Requested)]
    assert cut - asked[0] > TIMEOUT
    assert 1.0 <= asked[1] - cut < 1.3
    assert (wget.totals.files, wget.totals.errors, wget.totals.size, wget.failed) == (1, 0, 10_000_000, True)


def test_the_rest_is_asked_for_when_a_part_is_here() -> None:
    """A file that is here in part comes as a 206 and is counted as wget2 2.2.0 counts it: an error."""
    wget = run(disk={FILE.name: 4_000_000})
    assert [event.code for _, event in play(wget) if isinstance(event, Response)] == [206]
    assert (wget.totals.size, wget.totals.errors, wget.totals.files) == (6_000_000, 1, 0)
    assert (wget.disk[FILE.name], wget.failed) == (10_000_000, False)


def test_what_is_here_is_not_fetched_again() -> None:
    """A whole file costs one question and is saved by nobody."""
    told = [event for _, event in play(run(disk={FILE.name: FILE.size}))]
    assert not [event for event in told if isinstance(event, Saving)]


def test_a_connection_is_kept() -> None:
    """The next file from the same host is asked for at once; another host has to be greeted first."""
    near = [Target("a.example", f"x/{n}.iso", 1000) for n in range(2)]
    far = [near[0], Target("b.example", "y/1.iso", 1000)]
    gaps = []
    for files in (near, far):
        wget = run(files=tuple(files))
        wget._workers = wget._workers[:1]
        told = play(wget)
        closed = next(at for at, event in told if isinstance(event, Closed))
        gaps.append([at for at, event in told if isinstance(event, Requested)][1] - closed)
    assert gaps[0] <= 3 * STEP < 0.1 <= gaps[1]
