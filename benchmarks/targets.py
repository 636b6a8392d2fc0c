"""What is measured, what it is to be, and why an aim that is missed is missed."""

from typing import NamedTuple


class Target(NamedTuple):
    """A line of the table; smaller is better. *why* is said where the aim is missed."""

    what: str
    least: float
    aim: float
    unit: str
    why: str = ""


TARGETS = {
    "first line": Target(
        "first painted line of `fakeact -m llm_training`, CPU", 1.25, 1.0, "L", "asyncio, and drawing the scenario"
    ),
    "help": Target("`fakeact --help`, CPU", 1.25, 1.0, "L"),
    "list": Target("`fakeact -l`, CPU", 1.25, 1.0, "L"),
    "completions": Target(
        "`fakeact --print-completions bash`, CPU", 1.25, 1.0, "L", "shtab is loaded and writes its script"
    ),
    "tqdm": Target(
        "a frame of two bars with metrics through `io.live`, CPU, against tqdm's",
        0.5,
        0.1,
        "x",
        "putting the two lines' numbers into text takes a seventh of tqdm's frame already, before anything is sent",
    ),
    "rich": Target(
        "the same against rich's Progress",
        0.05,
        0.02,
        "x",
        "as above: the lines' own text is what is left",
    ),
    "grid": Target(
        "a step and a refresh of the 64-GPU grid against rich's Table in Live, CPU",
        0.1,
        1 / 30,
        "x",
        "the step and the look at the fleet are part of both sides, and almost half of ours",
    ),
    "bytes": Target(
        "bytes of a bar frame against a full redraw",
        0.5,
        1 / 3,
        "x",
        "sixteen bytes of every frame are the marks that make it appear at once (mode 2026), and every sixteenth "
        "frame is sent whole because a key may have echoed into it",
    ),
    "writes": Target("writes a frame", 1, 1, ""),
    "cpu 80": Target("CPU of `llm_training` at speed 1, 80x24", 2, 0.5, "% of a core"),
    "cpu 200": Target("the same at 200x50", 2, 0.5, "% of a core", "the grid of all GPUs is drawn anew at every step"),
    "wake 80": Target("its wake-ups, 80x24", 30, 12, "a second"),
    "wake 200": Target("its wake-ups, 200x50", 30, 12, "a second"),
    "cpu all": Target("CPU of all bundled modules in rotation", 2, 1, "% of a core"),
    "wake all": Target("their wake-ups", 30, 15, "a second"),
    "hour": Target(
        "virtual time: an hour of `llm_training`, CPU",
        10,
        2,
        "s",
        "four looks a second and each step's event, line and bars cost what they cost at speed 1, only without the "
        "waiting",
    ),
    "fleet": Target(
        "a step and the heat map at 131,072 GPUs, CPU",
        30,
        5,
        "ms",
        "a dozen passes over arrays of that length, and fresh normal noise for three figures of each GPU",
    ),
    "traced": Target(
        "memory in the first minute of the show played again after eight virtual hours, traced",
        1,
        0.1,
        "MiB",
        "caches of a fixed size",
    ),
    "day of a run": Target("the same after a day of one run, resident", 1, 0.1, "MiB", "pages of the allocator"),
    "week": Target(
        "the same after a week of one run after the other, resident",
        1,
        0.1,
        "MiB",
        "what is in use is the same to a tenth of a MiB; the rest are pages that hold little among what is free",
    ),
    "day of all": Target(
        "the same after a day of all bundled modules, from their second round on, resident", 1, 0.1, "MiB", "as above"
    ),
    "peak": Target(
        "peak memory of `llm_training`",
        110,
        60,
        "MiB",
        "numpy and what is needed of scipy.special bring the interpreter to some 40 MiB",
    ),
    "stall": Target(
        "event-loop stall while scipy loads behind the first lines",
        50,
        20,
        "ms",
        "two threads share one interpreter, and a C call of the loading one is not interrupted",
    ),
}
