"""The lines that stay, as uv writes them."""

from collections.abc import Iterable

from fakeact.style import bold, cyan, dim, green, red, yellow
from fakeact_uv import figures
from fakeact_uv.sim.project import Project


def link_warning() -> Iterable[str]:
    """What is said where the cache lies on another file system than the environment."""
    first = "Failed to hardlink files; falling back to full copy. This may lead to degraded performance."
    yield f"{bold(yellow('warning') + ':')} {bold(first)}"
    # The words go on below the first line's, past its "warning: ".
    yield bold(
        "         If the cache and target directories are on different filesystems, hardlinking may not be supported."
    )
    yield bold(
        "         If this is intentional, set `export UV_LINK_MODE=copy` or use `--link-mode=copy` "
        "to suppress this warning."
    )


def environment(project: Project) -> Iterable[str]:
    """Which Python is used, and where the new environment is."""
    using = f"Using CPython {project.python}"
    yield f"{using} interpreter at: {cyan(project.interpreter)}" if project.interpreter else using
    yield f"Creating virtual environment at: {cyan('.venv')}"


def summary(verb: str, count: int, seconds: float) -> str:
    """How many packages a phase took care of, and how long that took.

    >>> summary("Resolved", 127, 1.652) == dim("Resolved " + bold("127 packages")) + " " + dim("in 1.65s")
    True
    """
    return f"{dim(f'{verb} {bold(figures.packages(count))}')} {dim(f'in {figures.elapsed(seconds)}')}"


def changes(project: Project) -> Iterable[str]:
    """What went and what came, by name; what is there again in the same version is marked so."""
    gone, come = project.outdated, {package.name: package for package in project.missing}
    for name in sorted({*gone, *come}):
        package, version = come.get(name), gone.get(name)
        if package is not None and package.version == version:
            yield _change(yellow("~"), name, version, package.origin)
            continue
        if version is not None:
            yield _change(red("-"), name, version)
        if package is not None:
            yield _change(green("+"), name, package.version, package.origin)


def _change(sign: str, name: str, version: str, origin: str = "") -> str:
    return f" {sign} {bold(name)}{dim(f'=={version}' + (f' (from {origin})' if origin else ''))}"
