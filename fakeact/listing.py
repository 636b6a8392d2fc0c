"""The modules there are, for people and as JSON."""

from collections.abc import Callable
from typing import Any

from fakeact import ansi
from fakeact.options import Option, options_of
from fakeact.plugins import Plugins, Source


def listing(found: Plugins, as_json: bool = False) -> str:
    """Every module with what it pretends to be and what can be chosen about it."""
    if as_json:
        import json

        records = [_record(found, name, _described) for name in sorted(found.modules)]
        return json.dumps(records, indent=2) + "\n"
    records = [_record(found, name, _setting) for name in sorted(found.modules)]
    widest = max((ansi.width(record["name"]) for record in records), default=0)
    return "".join(_entry(record, widest) for record in records)


def _record(found: Plugins, name: str, tell: Callable[[Option], object]) -> dict[str, Any]:
    module, source = found.modules[name], found.sources[name]
    return {
        "name": name,
        "signature": module.signature,
        "summary": module.summary,
        "options": [tell(option) for option in options_of(module).values()],
        "distribution": source.distribution,
        "version": source.version,
    }


def _described(option: Option) -> dict[str, Any]:
    return {"name": option.name, "default": option.default, "possible": option.describe()}


def _entry(record: dict[str, Any], widest: int) -> str:
    options = ", ".join(record["options"])
    indent = " " * (widest + 2)
    lines = [f"{record['name']:{widest}}  {record['signature']}", f"{indent}{record['summary']}"]
    if options:
        lines.append(f"{indent}options: {options}")
    return "\n".join(lines) + "\n"


def _setting(option: Option) -> str:
    return option.name if option.default is None else f"{option.name}={option.default}"


def plugin_listing(found: Plugins, as_json: bool = False) -> str:
    """Every plugin with its version, modules and hooks, and those left out with the reason."""
    records = [_plugin_record(found, source) for source in dict.fromkeys(found.sources.values())]
    if as_json:
        import json

        return json.dumps({"plugins": records, "refused": found.refused}, indent=2) + "\n"
    lines = [
        f"{record['name']} ({record['distribution']} {record['version']}): "
        f"modules {', '.join(record['modules'])}; hooks {', '.join(record['hooks'])}"
        for record in records
    ]
    return "\n".join([*lines, *found.refused]) + "\n"


def _plugin_record(found: Plugins, source: Source) -> dict[str, Any]:
    plugin = found.manager.get_plugin(f"{source.name} = {source.value}")
    hooks = [hook.name for hook in found.manager.get_hookcallers(plugin) or []]
    return {
        "name": source.name,
        "distribution": source.distribution,
        "version": source.version,
        "modules": [name for name, each in found.sources.items() if each == source],
        "hooks": sorted(hooks),
    }
