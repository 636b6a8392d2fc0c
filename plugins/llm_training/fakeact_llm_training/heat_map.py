"""A fleet that is too large for rows: GPUs as half cells in the colours of their temperatures, rack by rack."""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from fakeact import ansi
from fakeact.style import Style, bold, bright_black, on_rgb, red, rgb, yellow
from fakeact.units import grouped, si
from fakeact_llm_training.sim.thermal import anchors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeact_llm_training.sim.cluster import Readings
    from fakeact_llm_training.sim.scenario import Scenario
    from fakeact_llm_training.sim.site import Site

    Steps = npt.NDArray[np.int16]

# Dark where it is cool, bright where it is hot, and most colours where most GPUs are; saturated enough that a
# terminal of 256 colours has no greys to offer instead.
RAMP = ((18, 22, 92), (0, 88, 170), (0, 138, 160), (20, 165, 92), (165, 182, 30), (232, 140, 10), (220, 48, 28))
STEPS = 36
LOST, SLOW, NOTHING = STEPS + 1, STEPS + 2, STEPS + 3
GREY, VIOLET = (72, 72, 78), (206, 92, 232)
# Kelvin around the usual temperature in which the middle half of the colours lies.
SPREAD = 9.0
SLOW_CLOCK = 0.93
LEAST_FOR_SIDE, MOST_OFFENDERS = 104, 16
# Columns of ":7", two blanks, temperature, clock and power behind a node's name; two more set them off.
OFFENDER_WIDTH = 23
# Gaps between racks of fewer cells would be all that one sees.
LEAST_RACK = 4
LEAST_FOR_SCALE = 76
# Kelvin that the hottest of so many neighbours is usually above the mean, for the hot slots' sake.
ABOVE_MEAN = {1: 0.0, 2: 4.0}

Host = Callable[[int], str]


class Plan(NamedTuple):
    """How a fleet is laid out: `unit` GPUs a half cell, `rack` cells between gaps, `across` cells in a row.

    A row has a label of `label` columns and is filled up to `width` columns.
    """

    unit: int
    rack: int
    across: int
    rows: int
    label: int = 0
    width: int = 0


def heat_map(readings: "Readings", scenario: "Scenario", host: Host, columns: int, rows: int) -> list[str]:
    """A line of figures, the map, and those who stand out: beside it, or below where it is narrow.

    Each half cell is a GPU, or the hottest of a few; gaps are between racks, a line's label is its first node.
    Grey ones do not answer, violet ones clock lower than the others.
    """
    name = longest_name(scenario.site)
    side = name + OFFENDER_WIDTH + 2 if columns >= LEAST_FOR_SIDE and rows >= 6 else 0
    below = 0 if side or rows < 5 else 1
    label = name + 1 if columns >= 56 else 0
    plan = _plan(scenario, columns - side - label, rows - 1 - below)
    plan = plan._replace(label=label, width=columns - side if side else 0)
    body = _rows(readings, scenario, host, plan)
    if side:
        named = _offenders(readings, scenario, host, min(len(body), MOST_OFFENDERS))
        body = [_beside(row, text) for row, text in zip_longest(body, named, fillvalue="")]
    lines = [_summary(readings, scenario, columns, plan), *body]
    return [*lines, _line_of(readings, scenario, host, columns)] if below else lines


@lru_cache(maxsize=2)
def longest_name(site: "Site") -> int:
    """Columns that the longest of the nodes' names takes."""
    return max(map(len, site.hosts))


def half_cells(values: "Steps") -> str:
    """A row of cells out of an upper and a lower half each; neighbours of one colour share its codes."""
    upper, lower = values.tolist()
    text: list[str] = []
    last: tuple[int, int] | None = None
    count = 0
    for pair in (*zip(upper, lower, strict=True), None):
        if pair == last:
            count += 1
            continue
        if last:
            text.append(_paint(*last, count))
        last, count = pair, 1
    return "".join(text)


def are_slow(readings: "Readings") -> "npt.NDArray[np.bool_]":
    """Which GPUs clock so low that all the others wait for them."""
    from fakeact_llm_training.sim.median import median

    slow: npt.NDArray[np.bool_] = readings.sm_clock < SLOW_CLOCK * median(readings.sm_clock)
    return slow


def _places_of_colours(scenario: "Scenario", unit: int) -> tuple[float, float, float, float]:
    """Degrees at the beginning, a quarter, three quarters and the end of the scale."""
    cool, usual, hot = anchors(scenario)
    usual += ABOVE_MEAN.get(unit, 7.0)
    return cool - 4, usual - SPREAD, min(usual + SPREAD, hot - 4), hot


def steps_of(readings: "Readings", scenario: "Scenario", unit: int = 1) -> "Steps":
    """Each GPU's step on the scale of colours, of which the hottest of a `unit` is to be shown."""
    import numpy as np

    places = _places_of_colours(scenario, unit)
    steps = np.rint(np.interp(readings.temperature, places, (0, 0.25 * STEPS, 0.75 * STEPS, STEPS))).astype(np.int16)
    steps[are_slow(readings)] = SLOW
    steps[~readings.present] = LOST
    return steps


# Where things go
def _plan(scenario: "Scenario", columns: int, rows: int) -> Plan:
    """The least GPUs a half cell for which all racks have room."""
    per_node, per_rack = scenario.gpus_per_node, scenario.site.per_rack
    unit = 1
    while True:
        rack = per_rack * per_node / (2 * unit)
        if rack == int(rack) and LEAST_RACK <= rack <= columns:
            plan = _by_rack(scenario, unit, int(rack), columns)
        else:
            cells = -(-_places(scenario) * per_node // (2 * unit))
            plan = Plan(unit, 0, min(columns, cells), -(-cells // columns))
        if plan.rows <= rows:
            return plan
        unit *= 2


def _places(scenario: "Scenario") -> int:
    """Nodes, and the places before the first one in its rack."""
    site = scenario.site
    return scenario.nodes + (site.first_node - 1) % site.per_rack


def _by_rack(scenario: "Scenario", unit: int, rack: int, columns: int) -> Plan:
    racks = -(-_places(scenario) // scenario.site.per_rack)
    abreast = min(max((columns + 1) // (rack + 1), 1), racks)
    rows = -(-racks // abreast)
    # As many in each row, rather than a last one of a few.
    return Plan(unit, rack, rack * -(-racks // rows), rows)


def _cells(readings: "Readings", scenario: "Scenario", plan: Plan) -> "Steps":
    """Upper and lower halves of all cells, the worst of a unit's GPUs in each."""
    import numpy as np

    per_node, first = scenario.gpus_per_node, _places(scenario) - scenario.nodes
    size = plan.across * plan.rows * 2 * plan.unit
    steps = np.full(max(size, first * per_node + scenario.world_size), -1, np.int16)
    steps[first * per_node : first * per_node + scenario.world_size] = steps_of(readings, scenario, plan.unit)
    steps = steps[: len(steps) // (2 * plan.unit) * 2 * plan.unit]
    # A node's first half of slots is above its second, or one node above the next.
    block = max(per_node, 2 * plan.unit) if per_node % (2 * plan.unit) == 0 else 2 * plan.unit
    worst = steps[: len(steps) // block * block].reshape(-1, 2, block // (2 * plan.unit), plan.unit).max(axis=3)
    halves: Steps = worst.transpose(1, 0, 2).reshape(2, -1)
    halves[halves < 0] = NOTHING
    return halves


def _rows(readings: "Readings", scenario: "Scenario", host: Host, plan: Plan) -> list[str]:
    """Labels and cells."""
    halves = _cells(readings, scenario, plan)
    group, first = plan.rack or plan.across, _places(scenario) - scenario.nodes
    lines = []
    for row in range(plan.rows):
        at, end = row * plan.across, min((row + 1) * plan.across, halves.shape[1])
        parts = [half_cells(halves[:, one : min(one + group, end)]) for one in range(at, end, group)]
        node = max(at * 2 * plan.unit // scenario.gpus_per_node - first, 0)
        named = f"{host(node):<{plan.label}}" if plan.label and node < scenario.nodes else " " * plan.label
        drawn = plan.label + end - at + len(parts) - 1
        lines.append((bright_black(named) if named else "") + " ".join(parts) + " " * (plan.width - drawn))
    return lines


def _beside(row: str, text: str) -> str:
    return f"{row}  {text}" if text else row


# Colours
def _colour(step: int) -> tuple[int, int, int] | None:
    if step > STEPS:
        return {LOST: GREY, SLOW: VIOLET}.get(step)
    place = step / STEPS * (len(RAMP) - 1)
    low = min(int(place), len(RAMP) - 2)
    red_, green_, blue_ = (round(a + (b - a) * (place - low)) for a, b in zip(RAMP[low], RAMP[low + 1], strict=True))
    return red_, green_, blue_


def _opening(style: Callable[[int, int, int], Style], step: int) -> str:
    """What a run in this step's colour begins with."""
    colour = _colour(step)
    return style(*colour)("#").partition("#")[0] if colour else ""


FRONT, BACK = (tuple(_opening(style, step) for step in range(NOTHING + 1)) for style in (rgb, on_rgb))
FRONT_OFF, BACK_OFF = (style(*GREY)("#").partition("#")[2] for style in (rgb, on_rgb))


def _paint(upper: int, lower: int, count: int) -> str:
    """A run of cells: the upper half is drawn on the lower's colour, or what there is of the two on none."""
    above, below = FRONT[upper], FRONT[lower]
    if above and below:
        return f"{BACK[lower]}{above}{'▀' * count}{FRONT_OFF}{BACK_OFF}"
    if not above and not below:
        return " " * count
    return f"{above or below}{('▀' if above else '▄') * count}{FRONT_OFF}"


# Words
def _summary(readings: "Readings", scenario: "Scenario", columns: int, plan: Plan) -> str:
    """How many, how busy, how warm, how much power; then the scale, as far as there is room."""
    watched, power = int((readings.health > 0).sum()), float(readings.power.sum())
    text = f"{bold(grouped(scenario.world_size))} GPUs"
    scale = _scale(scenario, plan.unit) if columns >= LEAST_FOR_SCALE else ""
    room = columns - ansi.width(scale) - 2
    for part in (
        f" {readings.utilisation.mean():.0f}% {readings.temperature.mean():.0f}°C {si(power)}W",
        f", {watched} to watch" if watched else "",
        f", {grouped(scenario.nodes)} nodes",
        f", hottest of {plan.unit} a half cell" if plan.unit > 1 else "",
    ):
        text += part if ansi.width(text + part) <= room else ""
    return ansi.pad(text, columns - ansi.width(scale)) + scale if scale else text


def _scale(scenario: "Scenario", unit: int) -> str:
    """The colours from cold to hot with their degrees."""
    cold, low, high, hot = _places_of_colours(scenario, unit)
    quarters = (0, STEPS // 4, 3 * STEPS // 4, STEPS + 1)
    colours = [
        "".join(_paint(step, step, 1) for step in range(first, last, STEPS // 12)) for first, last in pairwise(quarters)
    ]
    return f"{cold:.0f} {colours[0]} {low:.0f} {colours[1]} {high:.0f} {colours[2]} {hot:.0f}°C"


def _worst(readings: "Readings", count: int) -> list[int]:
    """Ranks that stand out: those that do not answer, those that are slow, then the hottest."""
    import numpy as np

    score = readings.temperature + 1000.0 * ~readings.present + 500.0 * are_slow(readings)
    count = min(count, len(score))
    found = np.argpartition(score, len(score) - count)[len(score) - count :]
    ranks: list[int] = found[np.argsort(-score[found], kind="stable")].tolist()
    return ranks


def _offenders(readings: "Readings", scenario: "Scenario", host: Host, count: int) -> list[str]:
    """A column: node and slot, temperature, clock, power of each."""
    ranks = _worst(readings, max(count - 1, 0))
    named = [_place(scenario, host, rank) for rank in ranks]
    width = max(map(len, named), default=0)
    heading = bright_black(f"{'node:gpu':<{width}}  core   clock  power")
    return [heading, *(_offender(readings, rank, f"{name:<{width}}") for rank, name in zip(ranks, named, strict=True))]


def _offender(readings: "Readings", rank: int, name: str) -> str:
    if not readings.present[rank]:
        return red(f"{name}  no answer")
    text = f"{name}  {readings.temperature[rank]:2.0f}°C {readings.sm_clock[rank]:4.0f}MHz {readings.power[rank]:4.0f}W"
    return (str, yellow, red)[int(readings.health[rank])](text)


def _line_of(readings: "Readings", scenario: "Scenario", host: Host, columns: int) -> str:
    """The same in one line, as many as have room."""
    text = ""
    for rank in _worst(readings, 6):
        part = f"{', ' if text else 'worst '}{_place(scenario, host, rank)} {_state(readings, rank)}"
        if len(text) + len(part) > columns:
            break
        text += part
    return bright_black(text)


def _state(readings: "Readings", rank: int) -> str:
    """What is wrong with a GPU, in a word."""
    if not readings.present[rank]:
        return "no answer"
    slow = are_slow(readings)[rank]
    return f"{readings.sm_clock[rank]:.0f}MHz" if slow else f"{readings.temperature[rank]:.0f}°C"


def _place(scenario: "Scenario", host: Host, rank: int) -> str:
    node, local = divmod(rank, scenario.gpus_per_node)
    return f"{host(node)}:{local}"
