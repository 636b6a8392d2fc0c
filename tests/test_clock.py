"""Show time: exact, independent of the machine, never stuck."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fakeact.clock import FRAME, Clock, Events, ShowLoop, Stalled, VirtualWall


class SlowWall(VirtualWall):
    """A virtual wall on which every look at the clock costs time, as on a machine that can't keep up."""

    def __init__(self, cost: float) -> None:
        super().__init__()
        self._cost = cost

    def now(self) -> float:
        self._now += self._cost
        return super().now()


def play(clock: Clock, show: Callable[[], Awaitable[object]]) -> object:
    loop = ShowLoop(clock)
    try:
        return loop.run_until_complete(show())
    finally:
        loop.close()


def test_sleeps_do_not_add_up_their_jitter() -> None:
    """A thousand sleeps end exactly where their sum says, however slow the machine."""

    async def show() -> float:
        for _ in range(1000):
            await asyncio.sleep(0.125)
        return asyncio.get_running_loop().time()

    assert play(Clock(VirtualWall()), show) == 125.0
    assert play(Clock(SlowWall(0.002)), show) == 125.0


def test_playing_time_is_show_time_over_speed() -> None:
    """Ten times as fast, a minute of the show takes a viewer six seconds."""
    clock = Clock(VirtualWall(), speed=10)
    play(clock, lambda: asyncio.sleep(60))
    assert clock.show == 60
    assert clock.playing == pytest.approx(6)


def test_two_tasks_interleave_by_their_timers() -> None:
    """What is due first happens first, also when both fall into one frame."""
    order: list[str] = []

    async def ticks(name: str, seconds: float) -> None:
        for _ in range(3):
            await asyncio.sleep(seconds)
            order.append(name)

    async def show() -> None:
        await asyncio.gather(ticks("slow", 0.005), ticks("fast", 0.002))

    play(Clock(VirtualWall()), show)
    assert order == ["fast", "fast", "slow", "fast", "slow", "slow"]


def test_short_sleeps_share_a_frame() -> None:
    """A show that sleeps a millisecond at a time wakes the machine 30 times a second at the most."""
    clock, frames = Clock(VirtualWall()), []
    clock.on_frame = lambda: frames.append(clock.playing)

    async def show() -> None:
        for _ in range(2000):
            await asyncio.sleep(0.001)

    play(clock, show)
    assert 55 <= len(frames) <= 2 / FRAME + 2


def test_a_frame_comes_before_every_long_sleep() -> None:
    """Whatever was printed is seen before the show rests."""
    clock, frames = Clock(VirtualWall()), []
    clock.on_frame = lambda: frames.append(clock.show)

    async def show() -> None:
        await asyncio.sleep(1)
        await asyncio.sleep(2)

    play(clock, show)
    assert frames[:2] == [0.0, 1.0]


def test_a_hopelessly_late_show_goes_on_at_its_pace() -> None:
    """After a laptop has slept, what was missed is not rushed through."""
    wall = VirtualWall()
    clock = Clock(wall)

    async def show() -> float:
        await asyncio.sleep(1)
        wall._now += 3600
        await asyncio.sleep(1)
        await asyncio.sleep(1)
        return wall.now()

    assert play(clock, show) == pytest.approx(3602, abs=1.1)


def test_waiting_for_nothing_is_an_error() -> None:
    """A forgotten wake-up is an error on a virtual clock, not a hang."""

    async def show() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stalled, match="stand still"):
        play(Clock(VirtualWall()), show)


def test_a_deadline_holds_while_the_show_is_busy() -> None:
    """A deadline is met by a show that never sleeps and by one that sleeps for ever."""
    for pause in (0.0, 1e9):
        clock = Clock(SlowWall(0.01))

        async def show(clock: Clock = clock, pause: float = pause) -> float:
            reached = asyncio.get_running_loop().create_future()
            clock.set_deadline(3, lambda: reached.set_result(clock.playing))

            async def busy() -> None:
                while not reached.done():
                    await asyncio.sleep(pause)

            task = asyncio.ensure_future(busy())
            when: float = await reached
            task.cancel()
            return when

        assert play(clock, show) == pytest.approx(3, abs=0.1)


def test_time_goes_on_where_floats_are_coarse() -> None:
    """Thousands of years into a fast show a timer still comes due."""

    async def show() -> float:
        await asyncio.sleep(86_400 * 3)
        await asyncio.sleep(1e10)
        for _ in range(100):
            await asyncio.sleep(0.01)
        return asyncio.get_running_loop().time()

    assert play(Clock(VirtualWall(), 1e6), show) == pytest.approx(1e10 + 86_400 * 3 + 1, abs=0.01)


def test_hurry_waits_for_nothing() -> None:
    """While in a hurry an hour of show time takes no playing time; afterwards the pace is as before."""
    wall = VirtualWall()
    clock = Clock(wall)
    clock.hurry = True

    async def show() -> None:
        await asyncio.sleep(3600)
        clock.hurry = False
        await asyncio.sleep(2)

    play(clock, show)
    assert clock.show == 3602
    assert wall.now() == pytest.approx(2, abs=0.1)


def test_an_event_from_outside_moves_no_show_time() -> None:
    """A wake-up that is no timer leaves show time where it was: the rest of the sleep follows."""
    events: list[Events] = [[(None, 0)], []]  # type: ignore[list-item]
    clock = Clock(VirtualWall())
    clock.idle(lambda _: events.pop(0), 5.0)
    assert clock.show == 0.0
    clock.idle(lambda _: events.pop(0), 5.0)
    assert clock.show == 5.0


class Awaited(VirtualWall):
    """A virtual wall on which somebody else, a thread, does something whenever nothing else can happen."""

    def wait(self, select: Callable[[float | None], Events], seconds: float | None) -> Events:
        if seconds is None:
            self.happens()
            return select(0)
        return super().wait(select, seconds)

    happens: Callable[[], object]


def test_waiting_for_a_thread_in_a_hurry_does_not_spoil_the_pace() -> None:
    """When a hurried show has waited for an import, with no timer set, it goes on at its pace afterwards."""
    wall = Awaited()
    clock = Clock(wall)

    async def show() -> None:
        loop = asyncio.get_running_loop()
        clock.hurry = True
        loaded = loop.create_future()
        wall.happens = lambda: loop.call_soon_threadsafe(loaded.set_result, None)
        await loaded
        clock.hurry = False
        await asyncio.sleep(5)
        await asyncio.sleep(5)

    play(clock, show)
    assert clock.playing == pytest.approx(10)
