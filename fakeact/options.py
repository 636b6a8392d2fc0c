"""A module's options: the keyword-only parameters of its ``run``, with type, default and what is possible.

A type is one of ``bool``, ``int``, ``float`` and ``str``, one of these or ``None``, a ``Literal``, or
:class:`fakeact.Output` or ``None`` for a file that the module may write because it was named. With
``Annotated[int, range(1, 9)]`` or ``Annotated[str, names]`` what is possible can be said too: a range, a
list, or a function that gives a list, called only when a value has to be checked or shown.
"""

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from fakeact.errors import UsageError
from fakeact.hints import suggestion, unknown
from fakeact.module import Module

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Option(NamedTuple):
    """One thing that can be chosen about a module."""

    name: str
    kind: type
    default: Any
    listed: Sequence[Any] | range | Callable[[], Sequence[Any]] | None = None

    @property
    def possible(self) -> Sequence[Any] | range | None:
        """The values there are, or None where any of the type will do."""
        return self.listed() if callable(self.listed) else self.listed

    def describe(self) -> str:
        """What may be given, in a few words."""
        possible = self.possible
        if isinstance(possible, range):
            return f"{possible.start} to {possible[-1]}"
        if possible:
            return ", ".join(map(str, possible))
        words = {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}
        return words.get(self.kind, "a file's name")

    def parse(self, text: str) -> Any:
        """The value a text stands for; raises ValueError if it stands for none that is possible."""
        value = _parse(self.kind, text.strip())
        possible = self.possible
        if possible is not None and value not in possible:
            raise ValueError(text)
        return value

    def accepts(self, value: Any) -> bool:
        """Whether a value of Python is one that could have been typed, or the default."""
        if value is self.default:
            return True
        kinds = (int, float) if self.kind is float else self.kind
        possible = self.possible
        fits = isinstance(value, kinds) and (self.kind is bool or not isinstance(value, bool))
        return fits and (possible is None or value in possible)


def options_of(module: Module) -> dict[str, Option]:
    """A module's options by name, in the order they are declared."""
    parameters = inspect.signature(module.run).parameters.values()
    return {p.name: _option(p, _evaluated(p.annotation, module.run)) for p in parameters if p.kind is p.KEYWORD_ONLY}


def _evaluated(annotation: Any, run: Any) -> Any:
    """An annotation that may be a text; one whose names are known to type checkers only says nothing."""
    if not isinstance(annotation, str):
        return annotation
    names = getattr(inspect.unwrap(getattr(run, "func", run)), "__globals__", {})
    try:
        return eval(annotation, names)  # noqa: S307 - the plugin's own words, as inspect evaluates them
    except Exception:
        return None


def _option(parameter: inspect.Parameter, annotation: Any) -> Option:
    possible = None
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(arg for arg in get_args(annotation) if arg is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation, possible, *_ = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(arg for arg in get_args(annotation) if arg is not NoneType)
    if get_origin(annotation) is Literal:
        possible = get_args(annotation)
        annotation = type(possible[0])
    if annotation not in (bool, int, float, str) and not _is_output(annotation):
        annotation = type(parameter.default) if type(parameter.default) in (bool, int, float) else str
    return Option(parameter.name, annotation, parameter.default, possible)


def _is_output(annotation: Any) -> bool:
    outputs = sys.modules.get("fakeact.outputs")  # read by whoever declares such an option, else not at all
    return outputs is not None and annotation is outputs.Output


def _parse(kind: type, text: str) -> Any:
    if kind is bool:
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError(text)
        return text.lower() in _TRUE
    if kind is int:
        return int(text.replace(",", ""))
    if kind is float:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return value
    if _is_output(kind):
        if text in ("", "-"):
            raise ValueError(text)
        return kind(text)
    return text


def choose_options(modules: Mapping[str, Module], settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Options by module from ``KEY=VALUE`` and ``MODULE.KEY=VALUE``; raises UsageError with one line.

    A key without a module goes to every module in the show that has such an option.
    """
    chosen: dict[str, dict[str, Any]] = {name: {} for name in modules}
    known = {name: options_of(module) for name, module in modules.items()} if settings else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        owner, dot, name = key.strip().rpartition(".")
        if not equals or not name:
            raise UsageError(f"option {setting!r}: write KEY=VALUE or MODULE.KEY=VALUE")
        if dot and owner not in modules:
            raise UsageError(f"option {setting!r}: {unknown('module', owner, modules)}")
        owners = [owner] if dot else [module for module in modules if name in known[module]]
        if not owners or name not in known[owners[0]]:
            there = known[owner] if dot else {option: 0 for options in known.values() for option in options}
            raise UsageError(f"option {setting!r}: {unknown('option', name, there)}")
        for each in owners:
            chosen[each][name] = _value(each, known[each][name], text)
    for each, module in modules.items():
        _check_together(module, chosen[each])
    return chosen


def check_values(module: Module, values: Mapping[str, Any]) -> None:
    """Hold values of Python to the rules that typed ones are held to; raises UsageError with one line."""
    known = options_of(module)
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"option {name!r} of {module.name}: {unknown('option', name, known)}")
        if not known[name].accepts(value):
            raise UsageError(f"{module.name}.{name}={value!r}: possible is {known[name].describe()}")
    _check_together(module, values)


def _value(module: str, option: Option, text: str) -> Any:
    try:
        return option.parse(text)
    except ValueError:
        possible = option.possible
        names = [str(value) for value in possible] if possible and not isinstance(possible, range) else []
        hint = suggestion(text, names)
        raise UsageError(f"{module}.{option.name}={text}: possible is {option.describe()}{hint}") from None


def _check_together(module: Module, values: Mapping[str, Any]) -> None:
    if module.check is None or not values:
        return
    every = {option.name: option.default for option in options_of(module).values()} | dict(values)
    try:
        module.check(**_taken(module.check, every))
    except ValueError as error:
        raise UsageError(f"{module.name}: {error}") from None
    except Exception as error:
        raise UsageError(f"{module.name}: its check of the options fails: {type(error).__name__}: {error}") from error


def _taken(check: Callable[..., object], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those values that a function has parameters for."""
    parameters = inspect.signature(check).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return values
    return {name: value for name, value in values.items() if name in parameters}
