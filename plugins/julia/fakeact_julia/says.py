"""The lines that stay, as Pkg and Base write them."""

import random
from collections.abc import Iterable, Iterator

from fakeact.style import (
    Style,
    bold,
    bright_black,
    bright_green,
    bright_magenta,
    bright_red,
    bright_yellow,
    cyan,
    green,
    yellow,
)
from fakeact_julia.bars import data, precise
from fakeact_julia.catalogue import Manifest, number, packages, words
from fakeact_julia.sim.environment import Environment
from fakeact_julia.sim.precompilation import Job
from fakeact_julia.sim.resolver import Change, Mark, changes, in_order, marks

_INDENT = 12
_SIGNS = {"upgradable": green("⌃"), "held back": yellow("⌅"), "": " "}
_WHY = " To see why use `status --outdated{}`"


def line(verb: str, text: str, colour: Style = green, indent: int = _INDENT) -> str:
    """A verb, right-aligned and set off, and what it is about."""
    return f"{' ' * max(0, indent - len(verb))}{bold(colour(verb))} {text}"


def installed(name: str, version: str, widest: int) -> str:
    """A package that is in the depot now; the lines of one operation are of one length.

    >>> from fakeact.ansi import strip
    >>> strip(installed("Plots", "1.41.7", 8))
    '   Installed Plots ──── v1.41.7'
    """
    return line("Installed", f"{f'{name} ':─<{widest + 2}} v{version}")


def artifact(name: str, size: int, widest: int) -> str:
    """An artifact that is there, where no bar moves."""
    return line("Installed", f"artifact {name:<{widest}} {data(size)}")


def building(name: str, widest: int, log: str) -> str:
    """A package whose build script runs, and where it logs to."""
    return line("Building", f"{f'{name} ':─<{widest + 1}}→ `{log}`")


def difference(environment: Environment, old: Environment, changed: list[Change]) -> Iterator[str]:
    """What changed in the project and in the manifest, and why some of it is not newer."""
    yield from _part(environment, "Project", changes(_asked(old), _asked(environment)))
    yield from _part(environment, "Manifest", changed)
    seen = {mark for one in changed if one.new for mark in [marks(environment.manifest)[one.name]]}
    yield from (line("Info", text, cyan) for text in info(seen, " -m"))


def _asked(environment: Environment) -> Manifest:
    """What the project itself asks for; it may have been there before for others."""
    return {name: environment.manifest[name] for name in environment.direct}


def _part(environment: Environment, file: str, changed: list[Change]) -> Iterator[str]:
    path = environment.file(file)
    if not changed:
        yield line(file, f"No packages added to or removed from {path}", cyan)
        return
    yield line("Updating", path)
    known = marks(environment.manifest)
    for one in changed:
        yield f"{_SIGNS[known.get(one.name, '')]} {_uuid(packages()[one.name].uuid)} {_change(one)}"


def _change(one: Change) -> str:
    if one.old is None:
        return bright_green(f"+ {one.name} v{one.new}")
    if one.new is None:
        return bright_red(f"- {one.name} v{one.old}")
    up = number(one.new) > number(one.old)
    return (bright_yellow if up else bright_magenta)(f"{'↑' if up else '↓'} {one.name} v{one.old} ⇒ v{one.new}")


def _uuid(head: str) -> str:
    return bright_black(f"[{head}]")


def status(environment: Environment) -> Iterator[str]:
    """The project's own packages, standard libraries last."""
    if environment.package:
        yield line("Project", f"{environment.name} v{environment.version}", cyan, indent=0)
    empty = "" if environment.direct or environment.standard else " (empty project)"
    yield line("Status", environment.file("Project") + empty, indent=0)
    known = marks(environment.manifest)
    for name in in_order(environment.direct):
        sign, version = _SIGNS[known[name]], environment.manifest[name]
        yield f"{sign} {_uuid(packages()[name].uuid)} {name} v{version}"
    for name in environment.standard:
        head, version = words()["stdlibs"][name].split()
        yield f"  {_uuid(head)} {name} v{version}"
    seen = {known[name] for name in environment.direct}
    yield from (line("Info", text, cyan, indent=0) for text in info(seen, ""))


def info(seen: Iterable[Mark], flag: str) -> list[str]:
    """What the signs mean that were shown; *flag* is what ``status`` has to be asked with."""
    found = set(seen)
    up, held = green("⌃"), yellow("⌅")
    if {"upgradable", "held back"} <= found:
        return [
            f"Packages marked with {up} and {held} have new versions available. Those with {up} may be upgradable, "
            f"but those with {held} are restricted by compatibility constraints from upgrading." + _WHY.format(flag)
        ]
    if "upgradable" in found:
        return [f"Packages marked with {up} have new versions available and may be upgradable."]
    if "held back" in found:
        return [
            f"Packages marked with {held} have new versions available but compatibility constraints restrict them "
            "from upgrading." + _WHY.format(flag)
        ]
    return []


def compat(names: Iterable[str]) -> str:
    """What a project that is a package gets written into its file."""
    return line("Compat", f"entries added for {', '.join(sorted(names))}")


def spinning(job: Job, tick: int) -> str:
    """A job that runs. The first letter sets the turn, so that not all of them turn together."""
    sign = "◐◓◑◒"[(tick + ord(job.label[0])) % 4]
    return f"  {sign if job.direct else bright_black(sign)} {_label(job)}"


def checked(job: Job) -> str:
    """A job that has just been done."""
    return f"{green('  ✓ ')}{_label(job)}"


def timed(job: Job) -> str:
    """A job that is done, where no row moves: with what it took.

    >>> from fakeact.ansi import strip
    >>> strip(timed(Job("Plots", True, 1.0, started=2.0, finished=44.1234)))
    '  42123.4 ms  ✓ Plots'
    """
    return f"{(job.finished - job.started) * 1000:9.1f} ms{checked(job)}"


def _label(job: Job) -> str:
    return job.label if job.direct else bright_black(job.label)


def precompiled(jobs: int, seconds: float, already: int) -> str:
    """The closing line of a precompilation.

    >>> precompiled(1, 2.4, 88)
    '  1 dependency successfully precompiled in 2 seconds. 88 already precompiled.'
    """
    noun = "dependency" if jobs == 1 else "dependencies"
    return f"  {jobs} {noun} successfully precompiled in {round(seconds)} seconds. {already} already precompiled."


def collected(rng: random.Random, old: Manifest) -> Iterator[str]:
    """What a garbage collection finds in the depot, and what it deletes of what earlier updates left."""
    yield line("Active", f"manifest files: {rng.randint(3, 24)} found")
    here = sum(packages()[name].artifact > 0 for name in old)
    yield line("Active", f"artifact files: {here + rng.randint(4, 180)} found")
    yield line("Active", f"scratchspaces: {rng.randint(2, 9)} found")
    gone = rng.sample(sorted(old), min(len(old), rng.randint(8, 60)))
    # Unpacked, source takes four times what its archive does.
    yield _deleted(len(gone), "package installation", sum(packages()[name].source * 4 for name in gone))
    binaries = [packages()[name].artifact * 3 for name in gone if packages()[name].artifact]
    if binaries:
        yield _deleted(len(binaries), "artifact installation", sum(binaries))


def _deleted(number: int, noun: str, size: int) -> str:
    return line("Deleted", f"{number} {noun}{'' if number == 1 else 's'} ({precise(size)})")
