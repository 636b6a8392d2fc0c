"""What DeepSpeed 0.17.5 logs on stdout: its runner, launchers, engine; pdsh labels each line with a host."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from fakeact.widgets import asctime
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import HEAD, INTERRUPTED, Frame, show

VERSION = "0.17.5"
"""The last release whose workers log at INFO unless told otherwise: from 0.17.6 on they only warn."""
GIB = 2**30
# Where Python's subprocess module waits for a process.
_WAITS = {"3.10": (1209, 1959, 1917), "3.11": (1264, 2053, 2011), "3.12": (1264, 2053, 2011)}


class Source(NamedTuple):
    """Where a message stands in DeepSpeed's source."""

    file: str
    line: int
    function: str


# Read in the source distribution of 0.17.5; a call over several lines counts where it begins.
ACCELERATOR = Source("real_accelerator.py", 260, "get_accelerator")
RUNNER = {
    "address": Source("runner.py", 499, "main"),
    "workers": Source("multinode_runner.py", 85, "get_cmd"),
    "command": Source("runner.py", 610, "main"),
}
LAUNCHER = {
    "environment": Source("launch.py", 139, "main"),
    "world": Source("launch.py", 146, "main"),
    "nodes": Source("launch.py", 152, "main"),
    "mapping": Source("launch.py", 163, "main"),
    "size": Source("launch.py", 164, "main"),
    "devices": Source("launch.py", 168, "main"),
    "spawned": Source("launch.py", 256, "main"),
    "exited": Source("launch.py", 351, "main"),
    "killing": Source("launch.py", 319, "sigkill_handler"),
    "returned": Source("launch.py", 325, "sigkill_handler"),
    "signalled": Source("launch.py", 328, "sigkill_handler"),
}
BACKEND = {
    "cdb": Source("comm.py", 821, "init_distributed"),
    "initializing": Source("comm.py", 852, "init_distributed"),
}
CONFIG = {
    "mesh": Source("config.py", 684, "__init__"),
    "heading": Source("config.py", 954, "print"),
    "row": Source("config.py", 958, "print"),
    "json": Source("config.py", 944, "print_user_config"),
}
LOG_DIST = Source("logging.py", 107, "log_dist")
SUPPORT = Source("utils.py", 59, "is_zero_supported_optimizer")
ZERO_INIT = Source("partition_parameters.py", 366, "__exit__")
ZERO_12 = {
    "reduce": Source("stage_1_and_2.py", 178, "__init__"),
    "allgather": Source("stage_1_and_2.py", 179, "__init__"),
    "offload": Source("stage_1_and_2.py", 180, "__init__"),
    "robin": Source("stage_1_and_2.py", 181, "__init__"),
    "states": Source("stage_1_and_2.py", 605, "__init__"),
}
ZERO_3 = {
    "reduce": Source("stage3.py", 186, "__init__"),
    "prefetch": Source("stage3.py", 187, "__init__"),
    "states": Source("stage3.py", 554, "_setup_for_real_optimizer"),
}
MEMORY = {
    "title": Source("utils.py", 781, "see_memory_usage"),
    "device": Source("utils.py", 782, "see_memory_usage"),
    "host": Source("utils.py", 789, "see_memory_usage"),
}
LOADING = {
    "read": Source("engine.py", 3336, "_get_all_zero_checkpoint_state_dicts"),
    "partitions": Source("engine.py", 3286, "_load_zero_checkpoint"),
}
COMPILING = Source("engine.py", 4012, "compile")
PIPELINE = {
    "config": Source("engine.py", 104, "__init__"),
    "partitioned": Source("engine.py", 145, "__init__"),
    "stage": Source("engine.py", 164, "__init__"),
    "partitioning": Source("module.py", 398, "_partition_layers"),
}
TIMER = Source("timer.py", 264, "stop")
HALVED = Source("loss_scaler.py", 184, "update_scale")
FORGIVEN = Source("loss_scaler.py", 191, "update_scale")


def log(when: datetime, source: Source, text: str, level: str = "INFO") -> str:
    """A line of DeepSpeed's logger.

    >>> log(datetime(2026, 11, 23, 10, 0, 0, 123456), TIMER, "epoch=0/micro_step=10")
    '[2026-11-23 10:00:00,123] [INFO] [timer.py:264:stop] epoch=0/micro_step=10'
    """
    return f"[{asctime(when)}] [{level}] [{source.file}:{source.line}:{source.function}] {text}"


def label(host: str, line: str) -> str:
    """A line that pdsh brings from a host.

    >>> label("node07", "hello")
    'node07: hello'
    """
    return f"{host}: {line}"


def ssh_exited(runner: str, host: str, exitcode: int) -> str:
    """Said by pdsh on the runner's host when a remote command fails; it shows a negative code as a byte.

    >>> ssh_exited("node01", "node07", -6)
    'pdsh@node01: node07: ssh exited with exit code 250'
    """
    return f"pdsh@{runner}: {host}: ssh exited with exit code {exitcode % 256}"


def ssh_gave_up(host: str) -> str:
    """Said by ssh, and brought by pdsh, when a host has not answered for a while.

    >>> ssh_gave_up("node07")
    'node07: Timeout, server node07 not responding.'
    """
    return label(host, f"Timeout, server {host} not responding.")


def pdsh_interrupted(runner: str, hosts: Sequence[str], pid: int) -> Iterator[str]:
    """Said by pdsh at a signal: DeepSpeed's runner sends it a second one, and then it ends its connections.

    >>> list(pdsh_interrupted("node01", ["node01"], 4000))[3:5]
    ['sending SIGTERM to ssh node01', 'sending signal 15 to node01 [ssh] pid 4001']
    """
    yield f"pdsh@{runner}: interrupt (one more within 1 sec to abort)"
    yield f"pdsh@{runner}:  (^Z within 1 sec to cancel pending threads)"
    yield from (f"pdsh@{runner}: {host}: command in progress" for host in hosts)
    for place, host in enumerate(hosts, 1):
        yield f"sending SIGTERM to ssh {host}"
        yield f"sending signal 15 to {host} [ssh] pid {pid + place}"
    yield f"pdsh@{runner}: interrupt, aborting."


def runner_interrupted(launcher: Launcher) -> Iterator[str]:
    """Ctrl-C reaches the runner where it waits for a launcher on its own host."""
    wait, inner, try_wait = _WAITS[launcher.python.rpartition(".")[0]]
    library = f"{launcher.environment.library}/subprocess.py"
    frames = (
        Frame(f"{launcher.environment.scripts}/deepspeed", 6, "<module>", "main()"),
        Frame(f"{launcher.packages}/deepspeed/launcher/runner.py", 626, "main", "result.wait()"),
        Frame(library, wait, "wait", "return self._wait(timeout=timeout)", "self._wait(timeout=timeout)"),
        Frame(library, inner, "_wait", "(pid, sts) = self._try_wait(0)", "self._try_wait(0)"),
        Frame(
            library, try_wait, "_try_wait", "(pid, sts) = os.waitpid(self.pid, wait_flags)",
            "os.waitpid(self.pid, wait_flags)",
        ),
    )  # fmt: skip
    yield HEAD
    yield from show(frames, launcher.carets, str)
    yield INTERRUPTED


def world(hosts: Sequence[str], per_node: int) -> dict[str, list[int]]:
    """The devices of each host, as the launcher knows them."""
    return {host: list(range(per_node)) for host in hosts}


def launcher_lines(hosts: Sequence[str], per_node: int, node: int) -> Iterator[tuple[Source, str]]:
    """What a node's launcher logs before it spawns its workers."""
    ranks = {host: list(range(at * per_node, (at + 1) * per_node)) for at, host in enumerate(hosts)}
    devices = ",".join(map(str, range(per_node)))
    yield LAUNCHER["environment"], f"{node} NCCL_DEBUG=WARN"
    yield LAUNCHER["world"], f"WORLD INFO DICT: {world(hosts, per_node)}"
    yield LAUNCHER["nodes"], f"nnodes={len(hosts)}, num_local_procs={per_node}, node_rank={node}"
    yield LAUNCHER["mapping"], f"global_rank_mapping=defaultdict(<class 'list'>, {ranks})"
    yield LAUNCHER["size"], f"dist_world_size={len(hosts) * per_node}"
    yield LAUNCHER["devices"], f"Setting CUDA_VISIBLE_DEVICES={devices}"


def progress(step: int, skipped: int, rate: float, betas: tuple[float, float], groups: int = 2) -> str:
    """The engine's own line: the rate that the next step is taken with, for each parameter group.

    >>> progress(10, 0, 0.0003, (0.9, 0.95), 1)
    'step=10, skipped=0, lr=[0.0003], mom=[(0.9, 0.95)]'
    """
    return f"step={step}, skipped={skipped}, lr={[rate] * groups}, mom={[betas] * groups}"


def overflow(attempted: float, reduced: float, hysteresis: int) -> tuple[Source, str]:
    """The step is skipped; the scale is halved, or if that is not due the hysteresis falls.

    >>> overflow(65536, 32768, 2)[1]
    '[deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, reducing to 32768'
    """
    text = f"[deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {int(attempted)}, "
    if reduced < attempted:
        return HALVED, f"{text}reducing to {int(reduced)}"
    return FORGIVEN, f"{text}but hysteresis is {hysteresis}. Reducing hysteresis to {hysteresis - 1}"


def device_memory(allocated: int, peak: int, reserved: int, reserved_peak: int) -> str:
    """Torch's memory in bytes, in GiB that are called GB; eight blanks of the source's indentation stand between.

    >>> device_memory(20723517489, 21561049579, 21614736630, 21614736630)
    'MA 19.3 GB         Max_MA 20.08 GB         CA 20.13 GB         Max_CA 20 GB '
    """
    gap = " " * 9
    return (
        f"MA {round(allocated / GIB, 2)} GB{gap}Max_MA {round(peak / GIB, 2)} GB{gap}"
        f"CA {round(reserved / GIB, 2)} GB{gap}Max_CA {round(reserved_peak / GIB)} GB "
    )


def host_memory(used: float, total: float) -> str:
    """The host's memory, in bytes.

    >>> host_memory(54.6e9, 2.164e12)
    'CPU Virtual Memory:  used = 50.85 GB, percent = 2.5%'
    """
    return f"CPU Virtual Memory:  used = {round(used / GIB, 2)} GB, percent = {round(used / total * 100, 1)}%"
