"""``make bench``: every line of the table in targets.py, measured here and now.

The results go to standard output and, with versions and commit, into docs/performance.md. Names of lines as
arguments measure only these and write nothing.
"""

import json
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import drawing
import lasting
import simulating
from processes import FAKEACT, PYTHON, YARDSTICK, Show, first_line, idling, ratio, whole
from targets import TARGETS, Target

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
FLEETS = (8, 64, 512, 4096, 16_384, 131_072)
SEEDS = (1, 2, 3, 5, 8, 13)
"""Seeds that draw different dialects."""
LONG = {
    "week": ("star", "168"),
    "day of a run": ("run", "24"),
    "day of all": ("all", "24"),
    "traced": ("star", "8", "traced"),
}
"""What is played to see whether memory grows: see lasting.py."""
Measured = dict[str, float]


def star(seed: int, *more: str) -> list[str]:
    """The command that plays the star."""
    return [FAKEACT, "-m", "llm_training", "--seed", str(seed), *more]


def starts() -> Measured:
    """Ratios to L, by CPU time."""
    completions = [FAKEACT, "--print-completions", "bash"]
    return {
        "first line": ratio(first_line, [star(seed) for seed in SEEDS], YARDSTICK, 4 * len(SEEDS)).cpu,
        "help": ratio(whole, [[FAKEACT, "--help"]], YARDSTICK, 11).cpu,
        "list": ratio(whole, [[FAKEACT, "-l"]], YARDSTICK, 11).cpu,
        "completions": ratio(whole, [completions], YARDSTICK, 11).cpu,
    }


def frames() -> Measured:
    """Bars and grid against the peers, and what is sent."""
    traffic = drawing.bar_traffic()
    return {
        "tqdm": drawing.against(drawing.our_bars, drawing.tqdm_bars, 15),
        "rich": drawing.against(drawing.our_bars, drawing.rich_bars, 7),
        "grid": drawing.against(simulating.our_grid, simulating.their_grid, 7),
        "bytes": traffic.share,
        "writes": traffic.writes,
    }


def idle() -> Measured:
    """Shows that are left on: six dialects at two sizes past their start, and all modules in turn."""
    sizes = {"80": (80, 24), "200": (200, 50)}
    found: Measured = {}
    for name, (columns, rows) in sizes.items():
        shows = [Show(star(seed, "-i", "200"), columns, rows) for seed in SEEDS]
        each = idling(shows, 14, 40)
        found[f"cpu {name}"] = 100 * statistics.mean(one.cpu for one in each)
        found[f"wake {name}"] = statistics.mean(one.wakeups for one in each)
        found["peak"] = max(found.get("peak", 0.0), *(one.peak for one in each))
    rotation = [Show([FAKEACT, "--seed", str(seed), "--max-module-time", "15s"]) for seed in SEEDS[:4]]
    each = idling(rotation, 5, 90)
    found["cpu all"] = 100 * statistics.mean(one.cpu for one in each)
    found["wake all"] = statistics.mean(one.wakeups for one in each)
    return found


def long_runs() -> Measured:
    """Virtual time, and what is left of memory after it; these plays go on side by side."""
    found, script = {"hour": min(lasting.hour() for _ in range(3))}, str(Path(lasting.__file__))
    plays = {name: subprocess.Popen([PYTHON, script, *words], stdout=subprocess.PIPE) for name, words in LONG.items()}
    left = {name: json.loads(process.communicate()[0]) for name, process in plays.items()}
    return found | {name: left[name]["traced" if "traced" in LONG[name] else "resident"] for name in LONG}


def fleets() -> Measured:
    """Milliseconds of a step and a picture, by the number of GPUs."""
    found = {f"fleet {gpus}": 1000 * simulating.step_and_map(gpus) for gpus in FLEETS}
    return {**found, "fleet": found[f"fleet {FLEETS[-1]}"]}


def stall() -> Measured:
    """The longest a frame is late while scipy and the simulation are loaded; the median of some processes."""
    code = simulating.STALL.replace("{names}", repr(("scipy.special", "fakeact_llm_training.sim.run")))
    runs = [subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True) for _ in range(9)]
    return {"stall": 1000 * statistics.median(float(run.stdout) for run in runs)}


GROUPS: dict[str, Callable[[], Measured]] = {
    "starts": starts,
    "frames": frames,
    "idle": idle,
    "long": long_runs,
    "fleets": fleets,
    "stall": stall,
}


def table(measured: Measured) -> Iterator[str]:
    """The issue's table with what was measured, and for each aim that was missed the reason."""
    yield "| what | at least | aim | measured | |"
    yield "|---|---|---|---|---|"
    for key, target in TARGETS.items():
        if key in measured:
            yield _row(target, measured[key])


def _row(target: Target, value: float) -> str:
    if value <= target.aim * 1.005:
        verdict = "aim met"
    else:
        verdict = f"{'at least' if value <= target.least else '**missed**'}; {target.why or 'see below'}"
    figures = " | ".join(f"{figure:.3g} {target.unit}".strip() for figure in (target.least, target.aim, value))
    return f"| {target.what} | {figures} | {verdict} |"


def curve(measured: Measured) -> Iterator[str]:
    """Cost per GPU by their number."""
    yield "| GPUs | step and picture, ms | per GPU, µs |"
    yield "|---|---|---|"
    for gpus in FLEETS:
        cost = measured[f"fleet {gpus}"]
        yield f"| {gpus:,} | {cost:.2f} | {1000 * cost / gpus:.3f} |"


def circumstances() -> str:
    """Versions, commit, and what is not in the machine's favour."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, check=True)
    names = ("fakeact", "pluggy", "numpy", "scipy", "tqdm", "rich")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}; {versions}; "
        f"commit {commit.stdout.strip()}, {time.strftime('%Y-%m-%d')}."
    )


def main(wanted: list[str]) -> None:
    """Measure the groups that are wanted, or all and keep the results."""
    measured: Measured = {}
    for name in wanted or GROUPS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        measured |= GROUPS[name]()
    parts = [circumstances(), "", *table(measured)]
    if "fleet" in measured:
        parts += ["", *curve(measured)]
    print("\n".join(parts))
    if not wanted:
        block = re.compile(r"(<!-- measured -->\n).*?(<!-- /measured -->)", re.S)
        text = "\n".join(parts)
        PAGE.write_text(block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
