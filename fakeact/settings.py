"""What holds: flags, then ``FAKEACT_*`` variables, then the configuration file, then defaults."""

import argparse
import os
from collections.abc import Callable, Mapping
from typing import Any

from fakeact.errors import UsageError
from fakeact.hints import unknown

FILE_ONLY = {"weights"}


class Settings:
    """Values by name, and where each comes from."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values = values or {}
        self.sources: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def show(self) -> str:
        """All settings, as in a configuration file, with their sources."""
        widest = max(map(len, self.sources))
        lines = [
            f"{name.replace('_', '-'):{widest}} = {_toml(self.values[name]):24} # {source}"
            for name, source in self.sources.items()
        ]
        return "\n".join(lines) + "\n"


def config_path(env: Mapping[str, str]) -> str:
    """Where the configuration file is looked for: ``$XDG_CONFIG_HOME/fakeact/config.toml``."""
    home = env.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(home, "fakeact", "config.toml")


def resolve(
    said: argparse.Namespace,
    actions: Mapping[str, argparse.Action],
    env: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> Settings:
    """The value of every setting; raises UsageError for one that can't be understood, wherever it stands.

    *actions* are the command line's, by name; their types read variables and the file, too.
    """
    path = config_path(env)
    written = _read(path)
    for key in written:
        if key not in {name.replace("_", "-") for name in actions} | FILE_ONLY | {"options"}:
            raise UsageError(f"{path}: {unknown('setting', key, _names(actions))}")
    settings = Settings()
    for name, action in actions.items():
        variable, key = f"FAKEACT_{name.upper()}", name.replace("_", "-")
        if getattr(said, name) is not None:
            value, source = getattr(said, name), "command line"
        elif env.get(variable):
            value, source = _understood(action, env[variable], variable), f"environment, {variable}"
        elif key in written:
            value, source = _understood(action, _words(written[key]), f"{path}: {key}"), str(path)
        else:
            value, source = defaults.get(name), "default"
        settings.values[name], settings.sources[name] = value, source
    _add_file_only(settings, written, path)
    return settings


def _names(actions: Mapping[str, argparse.Action]) -> list[str]:
    return [*(name.replace("_", "-") for name in actions), *FILE_ONLY, "options"]


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from None
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None


def _words(value: Any) -> str:
    """A value of the file as it would be typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _understood(action: argparse.Action, text: str, where: str) -> Any:
    convert: Callable[[str], Any] = action.type if callable(action.type) else str
    if isinstance(action, argparse.BooleanOptionalAction):
        convert = _boolean
    try:
        value = convert(text)
    except (argparse.ArgumentTypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from None
    if action.choices and value not in action.choices:
        raise UsageError(f"{where}: {text!r} is not one of {', '.join(map(str, action.choices))}")
    return [value] if isinstance(action, argparse._AppendAction) else value  # noqa: SLF001 - argparse has no other name


def _boolean(text: str) -> bool:
    if text.lower() not in {"yes", "no", "true", "false", "on", "off", "1", "0"}:
        raise ValueError(f"{text!r} is neither yes nor no")
    return text.lower() in {"yes", "true", "on", "1"}


def _add_file_only(settings: Settings, written: Mapping[str, Any], path: str) -> None:
    """Weights, and module options as tables; options given elsewhere come later and so count more."""
    weights = written.get("weights", {})
    if not isinstance(weights, dict) or any(type(w) is not int or not 0 <= w <= 100 for w in weights.values()):
        raise UsageError(f"{path}: weights: write NAME = 0 to 100 for each module, as a table")
    settings.values["weights"] = weights
    settings.sources["weights"] = str(path) if weights else "default"
    tables = written.get("options", {})
    if not isinstance(tables, dict) or any(not isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{path}: options: write a table [options.MODULE] with KEY = VALUE")
    said = [f"{module}.{key}={_words(value)}" for module, table in tables.items() for key, value in table.items()]
    if said:
        settings.values["option"] = [said, *(settings.values["option"] or [])]
        if settings.sources["option"] == "default":
            settings.sources["option"] = str(path)


def _toml(value: Any) -> str:
    if isinstance(value, list):
        flat = [item for part in value for item in (part if isinstance(part, list) else [part])]
        return "[" + ", ".join(_toml(item) for item in flat) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if value is None:
        return '""'
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
