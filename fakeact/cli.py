"""From the command line to a show, and out again with the right exit status."""

import signal

# Until the show is set up, Ctrl-C ends the process silently instead of with a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, NoReturn

from fakeact import arguments
from fakeact.errors import FakeactError, UsageError
from fakeact.hints import unknown
from fakeact.settings import Settings, config_path

if TYPE_CHECKING:
    from pathlib import Path

    from fakeact.module import Module
    from fakeact.plugins import Plugins
    from fakeact.runner import Programme

USAGE, BROKEN, PIPE, VANISHED = 2, 1, 128 + 13, 128 + 1


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; ends the process with an exit status or by the signal it got."""
    try:
        status = run(arguments.parse(argv))
    except UsageError as error:
        complain(error)
        status = USAGE
    except FakeactError as error:
        complain(error)
        status = BROKEN
        if os.environ.get("FAKEACT_DEBUG"):
            raise
    except BrokenPipeError:
        status = PIPE
    if status == PIPE:
        _forget_output()
    sys.exit(status)


def complain(message: object) -> None:
    """One line on standard error that says who is speaking, without control characters that were typed."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in f"fakeact: {message}")
    with suppress(OSError):  # nobody may be there to read it
        print(line, file=sys.stderr, flush=True)


def run(chosen: Settings) -> int:
    """Do what was asked for; gives the exit status."""
    if chosen.record or chosen.record_format or chosen.size:
        from fakeact.recorder import check_request

        check_request(chosen)
    if text := _printed_without_plugins(chosen):
        print(text, end="", flush=True)
        return 0
    found = _discover(chosen)
    if not chosen.screensaver:
        for line in (*found.refused, *found.remarks):
            complain(line)
    if text := _printed(chosen, found):
        print(text, end="", flush=True)
        return 0
    if chosen.check:
        from fakeact.checking import check

        return check(found, chosen.check, chosen.option)
    if chosen.record:
        from fakeact.recorder import record

        return record(_programme(chosen, found), found, chosen, complain)
    return play(_programme(chosen, found), found, chosen)


def _discover(chosen: Settings) -> "Plugins":
    """The plugins this call needs: those of files, and installed ones unless that is switched off."""
    from fakeact.plugins import discover

    wanted = [*chosen.modules, *([chosen.check] if chosen.check else [])]
    only_files = chosen.plugin and not (chosen.list_modules or chosen.plugins or chosen.print_completions)
    found = discover(
        wanted,
        chosen.no_plugin,
        files=[*_drop_ins(chosen), *chosen.plugin],
        installed=not only_files and not os.environ.get("FAKEACT_DISABLE_PLUGIN_AUTOLOAD"),
        strict=bool(os.environ.get("FAKEACT_STRICT_PLUGINS")),
    )
    if chosen.plugin and not wanted:
        own = {str(path) for path in chosen.plugin}
        chosen.values["modules"] = [name for name, source in found.sources.items() if source.value in own]
    return found


def _drop_ins(chosen: Settings) -> "list[Path]":
    """Personal modules beside the configuration file, if that was switched on."""
    if not chosen.drop_ins:
        return []
    from pathlib import Path

    return sorted((Path(config_path(os.environ)).parent / "modules").glob("*.py"))


def _printed_without_plugins(chosen: Settings) -> str:
    if chosen.print_integration:
        from fakeact.integrations import SNIPPETS

        return SNIPPETS[chosen.print_integration]
    if chosen.new_plugin:
        from pathlib import Path

        from fakeact.newplugin import new_plugin

        name, *where = chosen.new_plugin
        if len(where) > 1:
            raise UsageError("--new-plugin takes a name and at the most one folder")
        return new_plugin(name, Path(*where))
    if chosen.how_to_install:
        from fakeact.installing import how_to_install

        return how_to_install(chosen.how_to_install)
    return chosen.show() if chosen.show_config else ""


def _printed(chosen: Settings, found: "Plugins") -> str:
    if chosen.list_modules:
        from fakeact.listing import listing

        return listing(found, as_json=chosen.json)
    if chosen.plugins:
        from fakeact.listing import plugin_listing

        return plugin_listing(found, as_json=chosen.json)
    if chosen.print_completions or chosen.print_manpage:
        from fakeact import printing

        return printing.completions(chosen.print_completions, found) or printing.manpage()
    return ""


def _programme(chosen: Settings, found: "Plugins") -> "Programme":
    from fakeact.options import choose_options
    from fakeact.runner import Programme

    modules = choose_modules(found, chosen.modules, chosen.exclude)
    for name in chosen.weights:
        if name not in found.modules:
            raise UsageError(f"weights: {unknown('module', name, found.modules)}")
    return Programme(
        modules=list(modules.values()),
        seed=int.from_bytes(os.urandom(4), "big") if chosen.seed is None else chosen.seed,
        options=choose_options(modules, chosen.option),
        weights=chosen.weights,
        most_modules=chosen.exit_after_modules,
        most_seconds=chosen.exit_after_time,
        module_seconds=chosen.max_module_time,
        instant_lines=chosen.instant_print_lines,
        prompt=bool(chosen.prompt),
    )


def choose_modules(found: "Plugins", names: Sequence[str], without: Sequence[str]) -> "dict[str, Module]":
    """The modules asked for, or all, less the excluded; raises UsageError if that can't be."""
    for name in [*names, *without]:
        if name not in found.modules and not (names and name in without):
            raise UsageError(unknown("module", name, found.modules))
    chosen = {name: found.modules[name] for name in names or sorted(found.modules) if name not in without}
    if not chosen:
        raise UsageError("no module is left to play; 'fakeact -l' lists those there are")
    return chosen


def play(programme: "Programme", found: "Plugins", chosen: Settings) -> int:
    """Play on standard output until it is over; gives the exit status, or dies by the signal it got."""
    from fakeact.ending import Reason
    from fakeact.session import Session
    from fakeact.signals import die
    from fakeact.stages.opening import open_stage
    from fakeact.telling import Teller

    stage = open_stage(sys.stdout, chosen.color, os.environ, saver=chosen.screensaver)
    debug = bool(os.environ.get("FAKEACT_DEBUG"))
    teller = Teller(found, complain, debug)
    with ExitStack() as observers:
        if "fakeact.outputs" in sys.modules:  # else no option names a file to write
            from fakeact.outputs import opened

            observers.enter_context(opened(programme.options, chosen.force))
        if chosen.title or chosen.inhibit:
            from fakeact.observers import observers_for

            for observer in observers_for(chosen, stage, complain):
                observers.enter_context(suppress(OSError))
                observers.enter_context(closing(observer))
                found.manager.register(observer)
        session = Session(programme, stage, chosen.speed_factor, teller, saver=chosen.screensaver, debug=debug)
        session.play()
    if chosen.share_line:
        from fakeact.recorder import tell_share_line

        tell_share_line(programme, chosen)
    if session.over.reason is Reason.SIGNAL:
        die(session.over.signal)
    if session.all_broken:
        return BROKEN
    return {Reason.CLOSED: PIPE, Reason.VANISHED: VANISHED}.get(session.over.reason or Reason.ASKED, 0)


def _forget_output() -> None:
    """Let Python's own last flush of standard output succeed, though its reader has gone."""
    with suppress(OSError, ValueError, FakeactError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
