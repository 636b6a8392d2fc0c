"""The whole build: what make does from the first host tool to the last module."""

import random
from collections.abc import Mapping

from fakeact_kernel_compile.config import choose
from fakeact_kernel_compile.jobserver import Jobserver, Make, Recipe
from fakeact_kernel_compile.kbuild import Kbuild
from fakeact_kernel_compile.makefiles import makefiles
from fakeact_kernel_compile.pace import CALL

_IN_TURN = "#config", "#headers", "#prepare", "#tree", "#link"
"""Each begins when the one before is done; then the image and the modules are made side by side."""


def build(
    rng: random.Random, *, jobs: int, module_files: int, srctree: str, complaints: Mapping[str, str]
) -> Jobserver:
    """A build that has not begun, of a kernel with modules of so many source files at the most."""
    directories = makefiles("prepare") | makefiles("tree") | makefiles("link")
    modules = choose(directories, module_files, rng)
    kbuild = Kbuild(directories, rng, srctree=srctree, modules=modules, complaints=complaints)
    phases: list[Recipe] = []
    for path in _IN_TURN:
        phases.append(Recipe("", CALL, tuple(phases), make=kbuild.make(path), target=path))
    for make in kbuild.make("#bzImage"), finish(kbuild):
        phases.append(Recipe("", CALL, tuple(phases[: len(_IN_TURN)]), make=make))
    return Jobserver(Make(phases), jobs, rng)


def finish(kbuild: Kbuild) -> Make:
    """Compile what modpost wrote for each module, link it, and give it its types: scripts/Makefile.modfinal."""
    common = kbuild.recipe("CC [M]", ".module-common.o")
    make = Make([common] if kbuild.modules_order else [])
    linked = []
    for module in kbuild.modules_order:
        make.todo.append(kbuild.recipe("CC [M]", f"{module}.mod.o"))
        link = kbuild.recipe("LD [M]", f"{module}.ko")
        types = kbuild.recipe("BTF [M]", f"{module}.ko", (link,))
        linked.append(Recipe("", 0, (common, make.todo[-1]), make=Make([link, types])))
    make.todo += linked
    return make
