"""Reference pages out of signatures and docstrings."""

import importlib
import inspect
import re
import textwrap
from typing import Any

PUBLIC = (
    "fakeact",
    "fakeact.ansi",
    "fakeact.style",
    "fakeact.units",
    "fakeact.widgets",
    "fakeact.testing",
    "fakeact.pytest_plugin",
    "fakeact.errors",
    "fakeact.clock",
)
"""Where plugins may import from."""
LISTED = {
    "fakeact.ansi": ("crop", "pad", "strip", "width"),
    "fakeact.pytest_plugin": ("Perform",),
    "fakeact.clock": ("Stalled",),
}
"""Where only some are meant for plugins: of ansi what measures text, the sequences are the core's own."""


def public_names() -> dict[str, list[str]]:
    """The public names of each public package."""
    return {package: _names(package) for package in PUBLIC}


def _names(package: str) -> list[str]:
    module = importlib.import_module(package)
    if package in LISTED:
        return list(LISTED[package])
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", package) == package
    )


def entry(prefix: str, name: str, member: Any) -> str:
    """A heading with the call, then what its docstring says, as Markdown."""
    function = member.fget if isinstance(member, property) else member
    call = f"{prefix}{name}" if isinstance(member, property) else f"{prefix}{name}{_arguments(function)}"
    waits = "await " if inspect.iscoroutinefunction(function) else ""
    return f"#### `{waits}{call}`\n{prose(inspect.getdoc(member) or '').strip()}\n"


def _arguments(function: Any) -> str:
    signature = inspect.signature(function)
    shown, starred = [], False
    for each in signature.parameters.values():
        if each.kind is each.KEYWORD_ONLY and not starred:
            shown.append("*")
        starred = starred or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        if each.name != "self":
            shown.append(_parameter(each))
    result = signature.return_annotation
    arrow = "" if result in (inspect.Signature.empty, None) else f" -> {_type(result)}"
    return f"({', '.join(shown)}){arrow}"


def _parameter(each: inspect.Parameter) -> str:
    stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
    text = f"{stars}{each.name}: {_type(each.annotation)}"
    return text if each.default is each.empty else f"{text} = {_default(each.default)}"


def _default(value: Any) -> str:
    """A default as it is written; of what has no short form only that there is one."""
    return repr(value).replace("'", '"') if isinstance(value, str | int | float | None) or value == () else "..."


def _type(annotation: Any) -> str:
    """An annotation without the rooms its names come from."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text)


def prose(docstring: str) -> str:
    """A docstring in reStructuredText as Markdown: roles, literals, examples."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", docstring)
    text = text.replace("``", "`")
    return _examples(text)


def _examples(text: str) -> str:
    """Paragraphs after a lone ``::``, or that begin with >>>, as blocks of Python."""
    before, colons, after = text.partition("\n::\n")
    if colons:
        return f"{before}\n```python\n{textwrap.dedent(after).strip()}\n```\n"
    parts = text.split("\n\n")
    return "\n\n".join(f"```text\n{part}\n```" if part.startswith(">>>") else part for part in parts) + "\n"
