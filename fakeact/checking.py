"""``--check``: a module held to the rules, with a report to read."""

from collections.abc import Sequence

from fakeact.errors import UsageError
from fakeact.hints import unknown
from fakeact.options import choose_options
from fakeact.plugins import Plugins


def check(found: Plugins, name: str, settings: Sequence[str]) -> int:
    """Print a line for every rule; gives 0 if the module holds them all, else 1."""
    from fakeact.testing import broken_rules

    if name not in found.modules:
        raise UsageError(unknown("module", name, found.modules))
    options = choose_options({name: found.modules[name]}, settings)[name]
    broken = 0
    for claim, complaint in broken_rules(found.modules[name], **options):
        broken += bool(complaint)
        print(
            f"{'broken' if complaint else 'ok    '}  {claim}" + (f"\n        {complaint}" if complaint else ""),
            flush=True,
        )
    rules = "rule" if broken == 1 else "rules"
    print(f"{name}: {f'{broken} {rules} broken' if broken else 'holds every rule'}")
    return 1 if broken else 0
