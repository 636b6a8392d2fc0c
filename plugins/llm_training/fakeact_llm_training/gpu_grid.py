"""The cluster as a picture: a row per node with every GPU's figures, or as much of that as fits."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fakeact.style import Style, bold, bright_black, green, on_rgb, red, rgb, yellow

if TYPE_CHECKING:
    import numpy.typing as npt

    from fakeact_llm_training.sim.cluster import Readings
    from fakeact_llm_training.sim.scenario import Scenario

MARKS: Sequence[tuple[str, Style]] = (("●", green), ("▲", yellow), ("✖", red))
"""Healthy, to be watched, failing: told apart by shape as well as by colour."""
COLD, HOT = 35.0, 90.0
_RAMP = ((35, 60, 140), (40, 130, 160), (60, 160, 90), (200, 180, 60), (220, 110, 40), (200, 40, 40))
_STEPS = 24


def gpu_grid(readings: "Readings", scenario: "Scenario", columns: int, rows: int) -> list[str]:
    """The fleet in at most so many rows of at most so many columns; the most detailed form that fits.

    Forms: every GPU with utilisation, temperature, memory and power; with temperature and power; one mark a GPU
    and the node's figures; several such nodes a row; a heat map of core temperatures, two GPUs a cell, or the
    hottest of several.
    """
    fleet = _Fleet(readings, scenario)
    for form in (_full, _medium, _compact, _dense):
        lines = form(fleet, columns)
        if lines and len(lines) <= rows:
            return lines
    return _heat_map(fleet, columns, rows) if rows >= 2 else []


class _Fleet:
    """Readings as plain lists, node by node."""

    def __init__(self, readings: "Readings", scenario: "Scenario") -> None:
        self.per_node, self.nodes = scenario.gpus_per_node, scenario.nodes
        self.readings, self.scenario = readings, scenario

    def name(self, node: int) -> str:
        return self.scenario.site.host(node)

    @property
    def widest(self) -> int:
        return max(len(self.name(node)) for node in (0, self.nodes - 1))

    def of(self, node: int, values: "npt.NDArray[Any]") -> list[float]:
        first = node * self.per_node
        figures: list[float] = values[first : first + self.per_node].tolist()
        return figures

    def marks(self, node: int) -> list[str]:
        return [MARKS[int(h)][1](MARKS[int(h)][0]) for h in self.of(node, self.readings.health)]

    def figures(self, node: int) -> str:
        """Mean utilisation, hottest core, mean memory, power in all."""
        read = self.readings
        use, heat = self.of(node, read.utilisation), self.of(node, read.temperature)
        memory, power = self.of(node, read.memory_used), self.of(node, read.power)
        return (
            f"{sum(use) / len(use):3.0f}% {max(heat):2.0f}°C {sum(memory) / len(memory) / 1024:3.0f}G "
            f"{sum(power) / 1000:4.1f}kW"
        )


Cell = Callable[[str, float, float, float, float], str]


def _full(fleet: _Fleet, columns: int) -> list[str]:
    def cell(mark: str, use: float, heat: float, memory: float, power: float) -> str:
        return f"{mark} {use:3.0f}% {heat:2.0f}°C {memory / 1024:5.1f}G {power:4.0f}W"

    return _by_gpu(fleet, columns, cell, 23, "")


def _medium(fleet: _Fleet, columns: int) -> list[str]:
    def cell(mark: str, use: float, heat: float, memory: float, power: float) -> str:
        return f"{mark}{use:3.0f} {heat:2.0f} {memory / 1024:3.0f} {power:4.0f}"

    return _by_gpu(fleet, columns, cell, 15, "each GPU: util %  core °C  memory GiB  power W")


def _by_gpu(fleet: _Fleet, columns: int, cell: Cell, width: int, legend: str) -> list[str]:
    if columns < fleet.widest + 2 + fleet.per_node * (width + 2) - 2:
        return []
    read = fleet.readings
    lines = [bright_black(f"{'':{fleet.widest}}  {legend}")] if legend else []
    for node in range(fleet.nodes):
        cells = map(
            cell,
            fleet.marks(node),
            fleet.of(node, read.utilisation),
            fleet.of(node, read.temperature),
            fleet.of(node, read.memory_used),
            fleet.of(node, read.power),
        )
        lines.append(f"{fleet.name(node):<{fleet.widest}}  " + "  ".join(cells))
    return lines


_FIGURES = 22


def _compact(fleet: _Fleet, columns: int) -> list[str]:
    """A mark a GPU, then the node's mean utilisation, hottest core, mean memory and power in all."""
    if columns < fleet.widest + fleet.per_node + 3 + _FIGURES:
        return []
    return [_node(fleet, node) for node in range(fleet.nodes)]


def _node(fleet: _Fleet, node: int) -> str:
    return f"{fleet.name(node):<{fleet.widest}} {''.join(fleet.marks(node))}  {fleet.figures(node)}"


def _dense(fleet: _Fleet, columns: int) -> list[str]:
    width = fleet.widest + fleet.per_node + 3 + _FIGURES
    abreast = (columns + 3) // (width + 3)
    if abreast < 2:
        return []
    nodes = range(fleet.nodes)
    return ["   ".join(_node(fleet, node) for node in nodes[at : at + abreast]) for at in nodes[::abreast]]


def _heat_map(fleet: _Fleet, columns: int, rows: int) -> list[str]:
    """Core temperatures, upper and lower half of a cell each one GPU or the hottest of a few; a line of figures."""
    heats = fleet.readings.temperature
    room = columns * (rows - 1) * 2
    each = -(-len(heats) // room)
    spots = [float(heats[at : at + each].max()) for at in range(0, len(heats), each)]
    across = min(columns, -(-len(spots) // 2))
    pairs = [(spots[at : at + across], spots[at + across : at + 2 * across]) for at in range(0, len(spots), 2 * across)]
    return [_fleet_line(fleet, each), *(_half_rows(upper, lower) for upper, lower in pairs)]


def _fleet_line(fleet: _Fleet, each: int) -> str:
    read = fleet.readings
    hottest = int(read.temperature.argmax())
    watched = int((read.health > 0).sum())
    share = f", {each} GPUs a half cell" if each > 1 else ""
    return (
        f"{bold(str(len(read.health)))} GPUs {read.utilisation.mean():.0f}% {read.temperature.mean():.0f}°C "
        f"{read.power.sum() / 1000:,.1f}kW, {watched} to watch, hottest {read.temperature[hottest]:.0f}°C rank "
        f"{hottest}{share}"
    )


def _half_rows(upper: Sequence[float], lower: Sequence[float]) -> str:
    """Cells whose upper half is the foreground; neighbours of one colour share its codes."""
    text, run, last = "", "", None
    for at, value in enumerate(upper):
        colours = _step(value), _step(lower[at]) if at < len(lower) else None
        if colours != last:
            text += _paint(run, last)
            run, last = "", colours
        run += "▀"
    return text + _paint(run, last)


def _step(value: float) -> int:
    return round(min(max((value - COLD) / (HOT - COLD), 0.0), 1.0) * _STEPS)


def _paint(run: str, colours: tuple[int, int | None] | None) -> str:
    if colours is None:
        return ""
    text = rgb(*_colour(colours[0]))(run)
    return text if colours[1] is None else on_rgb(*_colour(colours[1]))(text)


def _colour(step: int) -> tuple[int, int, int]:
    place = step / _STEPS * (len(_RAMP) - 1)
    low = min(int(place), len(_RAMP) - 2)
    mix = [round(a + (b - a) * (place - low)) for a, b in zip(_RAMP[low], _RAMP[low + 1], strict=True)]
    return mix[0], mix[1], mix[2]
