"""How modules fail: what they return when they do, as the modules of ansible-core 2.21 say it."""

import random
import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fakeact_ansible.catalogue import read_json

Args = dict[str, Any]
Result = dict[str, Any]
CAUSE = "_ansible_cause"
"""Under this key a result may say more than its ``msg``; only the error above it shows that."""


def fail(module: str, args: Args, rng: random.Random, started: datetime) -> tuple[Result, float]:
    """A failed result and the seconds that it took. Raises KeyError for a module that never fails here."""
    if module != "command":
        return _FAILURES[module](args, rng)
    seconds, overhead = rng.uniform(0.02, 3), rng.uniform(0.3, 0.5)
    ended = started + timedelta(seconds=seconds + overhead)
    return _command(args, seconds, ended), seconds + overhead


def can_fail(module: str, args: Args) -> bool:
    """Whether there is a credible way for a module to fail with these arguments."""
    if module in ("service", "systemd_service"):
        return args.get("state") in _VERBS
    if module == "command":
        return _program(args) in read_json("commands.json")
    return module in _FAILURES and _NEEDED.get(module, "") in ("", *args)


def _program(args: Args) -> str:
    return str(args["_raw_params"].split()[0].rpartition("/")[2])


def _command(args: Args, seconds: float, ended: datetime) -> Result:
    """What a program that ends with a status other than 0 leaves; its times are the host's own."""
    rc, stderr = read_json("commands.json")[_program(args)]
    return {
        "changed": True,
        "cmd": shlex.split(args["_raw_params"]),
        "delta": str(timedelta(seconds=seconds)),
        "end": str(ended),
        "msg": "The command exited with a non-zero return code.",
        "rc": rc,
        "start": str(ended - timedelta(seconds=seconds)),
        **_streams("", stderr),
    }


def missing_command(args: Args) -> Result:
    """What command returns when there is no such program."""
    program = args["_raw_params"].split()[0]
    return {
        CAUSE: f"Error executing command: [Errno 2] No such file or directory: b'{program}'",
        "changed": False,
        "cmd": args["_raw_params"],
        "msg": "Error executing command.",
        "rc": 2,
        **_streams("", ""),
    }


def refused(url: str) -> Result:
    """What uri returns when nobody listens."""
    why = "Request failed: <urlopen error [Errno 111] Connection refused>"
    message = f"Status code was -1 and not [200]: {why}"
    return {"changed": False, "elapsed": 0, "msg": message, "redirected": False, "status": -1, "url": url}


def _streams(stdout: str, stderr: str) -> Result:
    return {
        "stderr": stderr,
        "stderr_lines": stderr.splitlines(),
        "stdout": stdout,
        "stdout_lines": stdout.splitlines(),
    }


def _apt(args: Args, rng: random.Random) -> tuple[Result, float]:
    """Another package manager at work for longer than we are willing to wait."""
    holder = rng.choice(("unattended-upgr", "apt-get", "packagekitd"))
    lock = "/var/lib/apt/lists/lock"
    message = (
        "Failed to lock apt for exclusive operation: Failed to lock directory /var/lib/apt/lists/: "
        f"E:Could not get lock {lock}. It is held by process {rng.randint(900, 64_000)} ({holder})"
    )
    return {"changed": False, "msg": message}, args["lock_timeout"] + rng.uniform(1, 2)


def _dnf(_: Args, rng: random.Random) -> tuple[Result, float]:
    mirror = "Failed to download metadata for repo 'baseos': Cannot download repomd.xml"
    result = {"changed": False, "msg": f"{mirror}: All mirrors were tried", "rc": 1, "results": []}
    return result, rng.uniform(8, 14)


def _get_url(args: Args, rng: random.Random) -> tuple[Result, float]:
    seconds = int(args.get("timeout", 10))
    result = {
        "changed": False,
        "dest": args["dest"],
        "elapsed": seconds,
        "msg": "Connection failure: The read operation timed out",
        "url": args["url"],
    }
    return result, seconds + rng.uniform(0.5, 0.9)


_VERBS = {"started": "start", "restarted": "restart", "reloaded": "reload"}


def _service(args: Args, rng: random.Random) -> tuple[Result, float]:
    unit, verb = args["name"], _VERBS[args["state"]]
    why = "the control process exited with error code"
    message = (
        f"Unable to {verb} service {unit}: Job for {unit}.service failed because {why}.\n"
        f'See "systemctl status {unit}.service" and "journalctl -xeu {unit}.service" for details.\n'
    )
    return {"changed": False, "msg": message}, rng.uniform(2, 5)


def _validated(_: Args, rng: random.Random) -> tuple[Result, float]:
    """A file that its own program would not accept, because the disk that it is checked on is full."""
    stderr = "No space left on device\n"
    result = {
        "changed": False,
        "checksum": f"{rng.getrandbits(160):040x}",
        "exit_status": 1,
        "msg": "failed to validate",
        **_streams("", stderr),
    }
    return result, rng.uniform(1, 2)


def _git(args: Args, rng: random.Random) -> tuple[Result, float]:
    repository = args["repo"]
    host = repository.split("/")[2]
    milliseconds = rng.randint(3000, 3200)
    stderr = (
        f"fatal: unable to access '{repository}/': Failed to connect to {host} port 443 "
        f"after {milliseconds} ms: Couldn't connect to server"
    )
    result = {
        "changed": False,
        "cmd": f"/usr/bin/git ls-remote {repository} -h refs/heads/{args['version']}",
        "msg": stderr,
        "rc": 128,
        **_streams("", stderr + "\n"),
    }
    return result, milliseconds / 1000 + rng.uniform(0.6, 1)


def _wait_for(args: Args, _: random.Random) -> tuple[Result, float]:
    seconds = int(args.get("timeout", 300))
    where = f"{args.get('host', '127.0.0.1')}:{args['port']}"
    return {"changed": False, "elapsed": seconds, "msg": f"Timeout when waiting for {where}"}, seconds + 0.6


_NEEDED = {"apt": "lock_timeout", "template": "validate", "lineinfile": "validate"}
_FAILURES: dict[str, Callable[[Args, random.Random], tuple[Result, float]]] = {
    "apt": _apt,
    "dnf": _dnf,
    "get_url": _get_url,
    "git": _git,
    "service": _service,
    "systemd_service": _service,
    "template": _validated,
    "lineinfile": _validated,
    "wait_for": _wait_for,
}
