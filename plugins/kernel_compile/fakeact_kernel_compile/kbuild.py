"""From directories to makes: what has to be done before what."""

import random
from collections.abc import Collection, Mapping

from fakeact_kernel_compile.jobserver import Make, Recipe
from fakeact_kernel_compile.makefiles import Command, Directory, KernelModule, kbuild_line
from fakeact_kernel_compile.pace import CALL, about, seconds


class Kbuild:
    """Makes of the directories of a tree, with the modules that were configured."""

    def __init__(
        self,
        directories: Mapping[str, Directory],
        rng: random.Random,
        *,
        srctree: str,
        modules: Collection[KernelModule] = (),
        complaints: Mapping[str, str] | None = None,
    ) -> None:
        self._directories, self._rng, self._srctree = directories, rng, srctree
        self._modules, self._complaints = modules, complaints or {}
        self.modules_order: list[str] = []
        """Modules in the order in which their makes stand in the tree, as in the file modules.order."""

    def make(self, path: str) -> Make:
        """The make of a directory, with those it calls."""
        directory = self._directories[path]
        modules = [module for module in directory.modules if module in self._modules]
        make = Make()
        # What makes nothing but modules generates nothing for those that were not configured.
        self._add_steps(make, directory, commands=directory.archive or bool(modules) or not directory.modules)
        if directory.archive:
            make.todo.append(self.recipe("AR", f"{path}/built-in.a", tuple(make.todo)))
        generated = [] if directory.archive else [recipe for recipe in make.todo if not recipe.make]
        make.todo += self._module_recipes(modules, tuple(generated))
        return make

    def recipe(self, tag: str, target: str, needs: tuple[Recipe, ...] = ()) -> Recipe:
        """A command that makes a target."""
        return self._echoing(kbuild_line(tag, target), seconds(tag, self._rng), needs)

    def _echoing(self, echo: str, time: float, needs: tuple[Recipe, ...]) -> Recipe:
        return Recipe(echo, time, needs, self._complaints.get(echo, ""))

    def _add_steps(self, make: Make, directory: Directory, *, commands: bool) -> None:
        held: tuple[Recipe, ...] = ()
        for step in directory.steps:
            if isinstance(step, str):
                if not (called := self.make(step)).over:
                    make.todo.append(Recipe("", CALL, held, make=called, target=step))
            elif commands:
                make.todo.append(self._command(step, tuple(make.todo) if step.waits else held))
                held = (make.todo[-1],) if step.holds else held

    def _command(self, command: Command, needs: tuple[Recipe, ...]) -> Recipe:
        time = about(command.typical, self._rng) if command.typical else seconds(command.tag, self._rng)
        return self._echoing(command.echo.replace("@", self._srctree), time, needs)

    def _module_recipes(self, modules: list[KernelModule], generated: tuple[Recipe, ...]) -> list[Recipe]:
        """Objects in order, each once also where modules share it, and what links them."""
        recipes: dict[str, Recipe] = {}
        for module in modules:
            self.modules_order.append(module.path)
            parts = module.parts or (("CC [M]", module.path),)
            for tag, path in parts:
                if path not in recipes:
                    recipes[path] = self.recipe(tag, f"{path}.o", generated)
            if module.parts:
                needs = tuple(recipes[path] for _, path in parts)
                recipes[module.path] = self.recipe("LD [M]", f"{module.path}.o", needs)
        return list(recipes.values())
