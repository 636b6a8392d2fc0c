"""`apk` as it speaks in an Alpine container."""

from fakeact_docker_build.facts import facts
from fakeact_docker_build.shell import Shell

_INSTALLED = 17
"""Packages in the image before."""
_BRANCH = "https://mirror.tinbridge.example/alpine/v3.23"


def add(shell: Shell, _command: str) -> None:
    """Fetch the indexes, then install one package after the other."""
    for part, count in (("main", 480_000), ("community", 2_100_000)):
        shell.say(f"fetch {_BRANCH}/{part}/x86_64/APKINDEX.tar.gz")
        shell.fetch(count)
    packages = facts("apks")
    width = len(str(len(packages)))
    for number, (name, version, kib) in enumerate(packages, 1):
        shell.say(f"({number:>{width}}/{len(packages)}) Installing {name} ({version})")
        shell.fetch(kib * 1024 * 0.38)
    shell.say("Executing busybox-1.37.0-r30.trigger")
    shell.wait(0.02, 0.1)
    total = sum(package[2] for package in packages)
    shell.say(f"OK: {total / 1024 + 9.6:.1f} MiB in {len(packages) + _INSTALLED} packages")
    shell.wrote += total * 1024
