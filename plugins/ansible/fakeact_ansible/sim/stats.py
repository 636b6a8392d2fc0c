"""The counts of the recap, kept as ansible-core keeps them."""

from collections import Counter

from fakeact_ansible.sim.events import Status

KEYS = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
_ONLY = {"skipping": "skipped", "unreachable": "unreachable"}


class Stats:
    """Counts by host."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def count(self, host: str, status: Status, *, ignored: bool, rescued: bool, changed: bool) -> None:
        """Count one host's result of one task; an ignored failure is ok, a rescued one is no failure."""
        counts = self._counts.setdefault(host, Counter())
        if status in _ONLY:
            counts[_ONLY[status]] += 1
        elif status == "failed" and not ignored:
            counts["rescued" if rescued else "failed"] += 1
        else:
            counts["ok"] += 1
            counts["ignored"] += ignored
            counts["changed"] += changed

    def table(self) -> dict[str, dict[str, int]]:
        """All counts, hosts in alphabetical order."""
        return {host: {key: self._counts[host][key] for key in KEYS} for host in sorted(self._counts)}
