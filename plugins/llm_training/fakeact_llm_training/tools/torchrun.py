"""What torchrun says: at the start, of workers that fail, at the end. Forms of torch 2.6 to 2.12, on stderr."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fakeact.widgets import torch_log
from fakeact_llm_training.sim.environment import Environment

WIDEST_RULE = 60
# Milliseconds between two signals: mostly one or none, now and then a dozen while another thread has its turn
# (1, 0 and 1, 12 were measured with four workers).
GAP_MS, TURN_MS, TURN_SHARE = 0.8, (3.0, 16.0), 0.07
SIGINT, SIGTERM = 2, 15
SIGNALS = {
    1: "SIGHUP",
    SIGINT: "SIGINT",
    3: "SIGQUIT",
    6: "SIGABRT",
    7: "SIGBUS",
    9: "SIGKILL",
    11: "SIGSEGV",
    SIGTERM: "SIGTERM",
}
NO_TRACEBACK = "To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html"
_OMP = (
    "Setting OMP_NUM_THREADS environment variable for each process to be 1 in default, to avoid your system "
    "being overloaded, please further tune the variable for optimal performance in your application as needed. "
)
_RUN = "torch/distributed/run.py"
_WORKERS = "torch/distributed/elastic/multiprocessing/api.py"
_AGENT = "torch/distributed/elastic/agent/server/api.py"
_ERRORS = "torch/distributed/elastic/multiprocessing/errors/__init__.py"
_HANDLER = "torch/distributed/elastic/multiprocessing/errors/error_handler.py"
_LAUNCHER = "torch/distributed/launcher/api.py"
_METRICS = "torch/distributed/elastic/metrics/api.py"


_CALL = "f(*args, **kwargs)"
_LAUNCH = "launch_agent(self._config, self._entrypoint, list(args))"
_RAISE = 'raise SignalException(f"Process {os.getpid()} got signal: {sigval}", sigval=sigval)'


class _Lines(NamedTuple):
    """Source lines of a torch release, as they stand in its log and tracebacks."""

    omp: int
    sending: int
    failed: int
    death: int
    wrapper: int
    main: int
    run: int
    call: int
    launch: int
    invoke: int
    measured: int
    agent: int
    asleep: int
    killed: int


# Read in the wheels of 2.6.0, 2.7.1, 2.8.0, 2.9.1 and 2.12.0.
_RELEASES = {
    "2.6": _Lines(792, 897, 869, 719, 355, 918, 909, 138, 269, 260, 137, 711, 870, 84),
    "2.7": _Lines(766, 900, 874, 719, 355, 892, 883, 139, 270, 261, 138, 711, 870, 84),
    "2.8": _Lines(774, 900, 874, 723, 357, 901, 892, 143, 277, 268, 138, 715, 879, 84),
    "2.9": _Lines(803, 908, 882, 725, 357, 936, 927, 156, 293, 284, 138, 717, 881, 85),
    "2.12": _Lines(862, 1014, 988, 753, 367, 1016, 1007, 191, 371, 362, 134, 745, 923, 86),
}


class Launcher(NamedTuple):
    """A node's launcher: its process id, the versions of torch ("2.9.1+cu128") and Python ("3.12.3"), where they are.

    Torch's own log names its files from ``torch/`` on, wherever it is installed.
    """

    pid: int
    torch: str
    python: str
    environment: Environment

    @property
    def lines(self) -> _Lines:
        """Where its messages stand in the source."""
        return _RELEASES[release(self.torch)]

    @property
    def binary(self) -> str:
        """The interpreter that workers are started with."""
        return self.environment.binary

    @property
    def packages(self) -> str:
        """Where tracebacks find torch."""
        return self.environment.packages

    @property
    def carets(self) -> bool:
        """Whether tracebacks underline the failing expression: from Python 3.11 on."""
        return int(self.python.split(".")[1]) >= 11

    @property
    def lists_ended(self) -> bool:
        """Whether its report lists the workers that it has ended itself: as 2.11 and 2.12 were seen to do."""
        return not is_older(self.torch, "2.11")

    @property
    def names_signals(self) -> bool:
        """Whether an exit code in its report is followed by the signal's name, or a blank where there is none."""
        return not is_older(self.torch, "2.12")


class Failure(NamedTuple):
    """A worker that failed, for the report; `host` is the full name, negative exit codes are signals.

    `error_file` and `traceback` are there if the script records its exceptions.
    """

    when: datetime
    host: str
    rank: int
    local_rank: int
    pid: int
    exitcode: int
    error_file: str = "<N/A>"
    traceback: tuple[str, ...] = ()


def release(torch: str) -> str:
    """Major and minor version.

    >>> release("2.9.1+cu128")
    '2.9'
    """
    return ".".join(torch.split(".")[:2])


def is_older(torch: str, than: str) -> bool:
    """Whether a release came before another.

    >>> is_older("2.9.1+cu128", "2.12"), is_older("2.12.0+cu130", "2.12")
    (True, False)
    """
    return _number(release(torch)) < _number(than)


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def tee(rank: int, line: str, role: str = "rank") -> str:
    """A worker's line as the launcher shows it with ``--tee``, under ``--role``.

    >>> tee(0, "[titan] ...")
    '[rank0]:[titan] ...'
    """
    return f"[{role}{rank}]:{line}"


def omp_banner(when: datetime, launcher: Launcher) -> list[str]:
    """Said by every node's launcher that starts several workers while OMP_NUM_THREADS is not set."""
    prefix = torch_log(when, "W", launcher.pid, _RUN, launcher.lines.omp)
    return [prefix + text for text in ("", "*" * 41, _OMP, "*" * 41)]


def closing(when: datetime, launcher: Launcher, pid: int, signal: int = 15) -> str:
    """A surviving worker is told to end."""
    prefix = torch_log(when, "W", launcher.pid, _WORKERS, launcher.lines.sending)
    return f"{prefix}Sending process {pid} closing signal {SIGNALS[signal]}"


def close_all(when: datetime, launcher: Launcher, pids: Iterable[int], signal: int = 15) -> Iterator[str]:
    """All surviving workers of a node are told to end, milliseconds after one another."""
    dice = random.Random(f"{launcher.pid} {when}")
    for pid in pids:
        yield closing(when, launcher, pid, signal)
        turn = dice.random() < TURN_SHARE
        when += timedelta(milliseconds=dice.uniform(*TURN_MS) if turn else dice.expovariate(1 / GAP_MS))


def failed(when: datetime, launcher: Launcher, exitcode: int, local_rank: int, pid: int) -> str:
    """The worker that failed first, said when the others have ended."""
    prefix = torch_log(when, "E", launcher.pid, _WORKERS, launcher.lines.failed)
    return f"{prefix}failed (exitcode: {exitcode}) local_rank: {local_rank} (pid: {pid}) of binary: {launcher.binary}"


def error_file(when: datetime, launcher: Launcher, file: str) -> str:
    """A worker left its exception in a file, and the launcher has no parent to hand it to."""
    line = 141 if is_older(launcher.torch, "2.12") else 145
    prefix = torch_log(when, "E", launcher.pid, _HANDLER, line)
    return f"{prefix}no error file defined for parent, to copy child error file ({file})"


def death_signal(when: datetime, launcher: Launcher, signal: int) -> str:
    """The launcher itself is told to end."""
    prefix = torch_log(when, "W", launcher.pid, _AGENT, launcher.lines.death)
    return f"{prefix}Received {_enum(launcher, signal)} death signal, shutting down workers"


def _enum(launcher: Launcher, signal: int) -> str:
    # From 3.11 on the members of an IntEnum show themselves as numbers.
    return str(signal) if launcher.carets else f"Signals.{SIGNALS[signal]}"


def child_failed(launcher: Launcher, script: str, failures: Sequence[Failure]) -> Iterator[str]:
    """The launcher's traceback and report when it gives up; the first failure in time is the root cause."""
    yield from _traceback(launcher)
    yield "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: "
    yield from _report(launcher, script, failures)


def _traceback(launcher: Launcher) -> Iterator[str]:
    yield from _down_to_launch(launcher)
    yield from _frame(launcher, _LAUNCHER, launcher.lines.launch, "launch_agent", "raise ChildFailedError(")


def _down_to_launch(launcher: Launcher) -> Iterator[str]:
    """The frames that all of the launcher's tracebacks begin with."""
    at = launcher.lines
    yield "Traceback (most recent call last):"
    yield from _frame(launcher, "", 8, "<module>", "sys.exit(main())", "main()")
    yield from _frame(launcher, _ERRORS, at.wrapper, "wrapper", f"return {_CALL}", _CALL)
    yield from _frame(launcher, _RUN, at.main, "main", "run(args)")
    yield from _frame(launcher, _RUN, at.run, "run", "elastic_launch(")
    yield from _frame(launcher, _LAUNCHER, at.call, "__call__", f"return {_LAUNCH}", _LAUNCH)


def _frame(launcher: Launcher, file: str, line: int, name: str, code: str, marked: str = "") -> Iterator[str]:  # noqa: PLR0917
    """A frame in a file of torch's, or without one in the console script; `marked` is what failed."""
    path = f"{launcher.packages}/{file}" if file else f"{launcher.environment.scripts}/torchrun"
    yield f'  File "{path}", line {line}, in {name}'
    yield f"    {code}"
    if marked and launcher.carets:
        yield " " * (4 + code.index(marked)) + "^" * len(marked)


def _report(launcher: Launcher, script: str, failures: Sequence[Failure]) -> Iterator[str]:
    root = min(failures, key=lambda failure: failure.when)
    title = f"{script} FAILED"
    blocks = {failure: list(_block(launcher, index, failure)) for index, failure in enumerate(failures)}
    width = min(WIDEST_RULE, max(len(line) for block in [*blocks.values(), [title]] for line in block))
    yield "=" * width
    yield title
    yield "-" * width
    yield "Failures:"
    yield from [line for failure, block in blocks.items() if failure != root for line in block] or [
        "  <NO_OTHER_FAILURES>"
    ]
    yield "-" * width
    yield "Root Cause (first observed failure):"
    yield from blocks[root]
    yield "=" * width


def _block(launcher: Launcher, index: int, failure: Failure) -> Iterator[str]:
    yield f"[{index}]:"
    yield f"  time      : {failure.when:%Y-%m-%d_%H:%M:%S}"
    yield f"  host      : {failure.host}"
    yield f"  rank      : {failure.rank} (local_rank: {failure.local_rank})"
    yield f"  exitcode  : {failure.exitcode} (pid: {failure.pid})" + _signal_name(failure) * launcher.names_signals
    yield f"  error_file: {failure.error_file}"
    first, *rest = failure.traceback or (_reason(failure),)
    yield f"  traceback : {first}"
    yield from ("  " + line for line in rest)


def _signal_name(failure: Failure) -> str:
    return f"  ({SIGNALS[-failure.exitcode]})" if failure.exitcode < 0 else " "


def _reason(failure: Failure) -> str:
    if failure.exitcode >= 0:
        return NO_TRACEBACK
    return f"Signal {-failure.exitcode} ({SIGNALS[-failure.exitcode]}) received by PID {failure.pid}"


def killed(launcher: Launcher, signal: int) -> Iterator[str]:
    """The launcher's traceback when a signal has ended it; the innermost frame is the handler."""
    at = launcher.lines
    yield from _down_to_launch(launcher)
    yield from _frame(launcher, _LAUNCHER, at.invoke, "launch_agent", "result = agent.run()", "agent.run()")
    yield from _frame(launcher, _METRICS, at.measured, "wrapper", f"result = {_CALL}", _CALL)
    invoke = "self._invoke_run(role)"
    yield from _frame(launcher, _AGENT, at.agent, "run", f"result = {invoke}", invoke)
    yield from _frame(launcher, _AGENT, at.asleep, "_invoke_run", "time.sleep(monitor_interval)")
    yield from _frame(launcher, _WORKERS, at.killed, "_terminate_process_handler", _RAISE)
    yield (
        "torch.distributed.elastic.multiprocessing.api.SignalException: "
        f"Process {launcher.pid} got signal: {_enum(launcher, signal)}"
    )
