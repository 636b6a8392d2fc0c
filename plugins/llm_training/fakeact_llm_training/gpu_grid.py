"""The cluster as a picture: a row per node with every GPU's figures, or as much of that as fits."""

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fakeact.style import Style, bright_black, green, red, yellow
from fakeact_llm_training.heat_map import Host, half_cells, heat_map, longest_name, steps_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from fakeact_llm_training.sim.cluster import Readings
    from fakeact_llm_training.sim.scenario import Scenario

MARKS: Sequence[tuple[str, Style]] = (("●", green), ("▲", yellow), ("✖", red))
"""Healthy, to be watched, failing: told apart by shape as well as by colour."""
# A wall of nodes is read no more than a map is.
MOST_TILES = 200


def gpu_grid(
    readings: "Readings", scenario: "Scenario", columns: int, rows: int, host: Host | None = None
) -> list[str]:
    """The fleet in at most so many rows of at most so many columns; the most detailed form that fits.

    Forms: every GPU with utilisation, temperature, memory and power; with less room between; one mark a GPU and
    the node's figures, or two of them; several such nodes a row; nodes as names with coloured half cells; a heat
    map. `host` names a node as of now.
    """
    fleet = _Fleet(readings, scenario, host or scenario.site.host)
    for form in (_full, _medium, _compact, _abreast(_compact_node), _narrow, _abreast(_narrow_node), _tiles):
        if lines := form(fleet, columns, rows):
            return lines
    return heat_map(readings, scenario, fleet.name, columns, rows) if rows >= 2 else []


class _Fleet:
    """Readings as plain lists, node by node."""

    def __init__(self, readings: "Readings", scenario: "Scenario", host: Host) -> None:
        self.per_node, self.nodes = scenario.gpus_per_node, scenario.nodes
        self.readings, self.scenario, self.name = readings, scenario, host

    @property
    def widest(self) -> int:
        return longest_name(self.scenario.site)

    def of(self, node: int, values: "npt.NDArray[Any]") -> list[float]:
        first = node * self.per_node
        figures: list[float] = values[first : first + self.per_node].tolist()
        return figures

    def marks(self, node: int) -> list[str]:
        return [MARKS[int(h)][1](MARKS[int(h)][0]) for h in self.of(node, self.readings.health)]

    def answers(self, node: int) -> bool:
        """Whether any GPU of the node shows values."""
        return any(self.of(node, self.readings.present))

    def there(self, node: int, values: "npt.NDArray[Any]") -> list[float]:
        """Values of the GPUs that show any."""
        return [
            one for one, there in zip(self.of(node, values), self.of(node, self.readings.present), strict=True) if there
        ]

    def hottest(self, node: int) -> float:
        return max(self.there(node, self.readings.temperature), default=math.nan)

    def mean(self, node: int, values: "npt.NDArray[Any]") -> float:
        return fmean(self.there(node, values))

    def kilowatts(self, node: int) -> float:
        return sum(self.there(node, self.readings.power)) / 1000

    def named(self, node: int) -> str:
        return f"{self.name(node):<{self.widest}}"


Cell = Callable[[str, float, float, float, float], str]
Form = Callable[[_Fleet, int, int], list[str]]
"""Draws a fleet in so many columns and rows, or nothing if there is no room."""


def _full(fleet: _Fleet, columns: int, rows: int) -> list[str]:
    def cell(mark: str, use: float, heat: float, memory: float, power: float) -> str:
        return f"{mark} {use:3.0f}% {heat:2.0f}°C {memory / 1024:5.1f}G {power:4.0f}W"

    return _by_gpu(fleet, columns, rows, cell, "")


def _medium(fleet: _Fleet, columns: int, rows: int) -> list[str]:
    def cell(mark: str, use: float, heat: float, memory: float, power: float) -> str:
        return f"{mark}{use:3.0f} {heat:2.0f} {memory / 1024:3.0f} {power:4.0f}"

    return _by_gpu(fleet, columns, rows, cell, "each GPU: util %  core °C  memory GiB  power W")


def _by_gpu(fleet: _Fleet, columns: int, rows: int, cell: Cell, legend: str) -> list[str]:
    width = len(cell(" ", 100, 50, 50_000, 500))
    if columns < fleet.widest + fleet.per_node * (width + 2) or rows < fleet.nodes + bool(legend):
        return []
    read = fleet.readings
    lines = [bright_black(f"{'':{fleet.widest}}  {legend}")] if legend else []
    for node in range(fleet.nodes):
        figures = (read.utilisation, read.temperature, read.memory_used, read.power)
        cells = zip(fleet.marks(node), *(fleet.of(node, values) for values in figures), strict=True)
        there = fleet.of(node, read.present)
        texts = [
            cell(*one) if answers else f"{one[0]} {'no answer':<{width - 2}}"
            for one, answers in zip(cells, there, strict=True)
        ]
        lines.append(f"{fleet.named(node)}  " + "  ".join(texts).rstrip())
    return lines


def _compact_node(fleet: _Fleet, node: int) -> str:
    """A mark a GPU, then the node's mean utilisation, hottest core, mean memory and power in all."""
    read, head = fleet.readings, f"{fleet.named(node)} {''.join(fleet.marks(node))}"
    if not fleet.answers(node):
        return f"{head}  {'no answer':<22}"
    return (
        f"{head}  {fleet.mean(node, read.utilisation):3.0f}% {fleet.hottest(node):2.0f}°C "
        f"{fleet.mean(node, read.memory_used) / 1024:3.0f}G {fleet.kilowatts(node):4.1f}kW"
    )


def _narrow_node(fleet: _Fleet, node: int) -> str:
    """A mark a GPU, the hottest core and the node's power."""
    head = f"{fleet.named(node)} {''.join(fleet.marks(node))}"
    if not fleet.answers(node):
        return f"{head} {'no answer':<11}"
    return f"{head} {fleet.hottest(node):2.0f}°C {fleet.kilowatts(node):4.1f}kW"


Node = Callable[[_Fleet, int], str]
_WIDTHS: dict[Node, int] = {_compact_node: 25, _narrow_node: 13}


def _width(fleet: _Fleet, node: Node) -> int:
    return fleet.widest + fleet.per_node + _WIDTHS[node]


def _compact(fleet: _Fleet, columns: int, rows: int) -> list[str]:
    return _one_a_row(fleet, columns, rows, _compact_node)


def _narrow(fleet: _Fleet, columns: int, rows: int) -> list[str]:
    return _one_a_row(fleet, columns, rows, _narrow_node)


def _one_a_row(fleet: _Fleet, columns: int, rows: int, node: Node) -> list[str]:
    fits = columns >= _width(fleet, node) and rows >= fleet.nodes
    return [node(fleet, one) for one in range(fleet.nodes)] if fits else []


def _abreast(node: Node) -> Form:
    """Several nodes a row, in columns of equal height: they are read downward."""

    def form(fleet: _Fleet, columns: int, rows: int) -> list[str]:
        return _in_columns(fleet, columns, rows, _width(fleet, node), lambda one: node(fleet, one))

    return form


def _in_columns(fleet: _Fleet, columns: int, rows: int, width: int, text: Callable[[int], str]) -> list[str]:
    abreast = (columns + 3) // (width + 3)
    height = -(-fleet.nodes // max(abreast, 1))
    if abreast < 2 or height > rows or fleet.nodes > MOST_TILES:
        return []
    return ["   ".join(text(one) for one in range(row, fleet.nodes, height)) for row in range(height)]


def _tiles(fleet: _Fleet, columns: int, rows: int) -> list[str]:
    """Names, GPUs as half cells in the colours of their temperatures, and the hottest."""
    if fleet.per_node % 2 or fleet.nodes > MOST_TILES:
        return []
    steps = steps_of(fleet.readings, fleet.scenario).reshape(-1, 2, fleet.per_node // 2)

    def tile(node: int) -> str:
        worst = int(max(fleet.of(node, fleet.readings.health)))
        named = fleet.named(node)
        return f"{MARKS[worst][1](named) if worst else named} {half_cells(steps[node])}{fleet.hottest(node):3.0f}°C"

    return _in_columns(fleet, columns, rows, fleet.widest + fleet.per_node // 2 + 6, tile)
