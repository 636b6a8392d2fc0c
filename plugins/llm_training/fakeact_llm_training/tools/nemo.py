"""What NeMo 2 logs and prints: forms of nemo_toolkit 2.3.1 with lightning 2.4 and megatron-core 0.12."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from fakeact.style import green, yellow

# Where NeMo's own logger calls Python's. From Python 3.11 on that is what Python takes for the caller.
_LOGGER_LINES = {"I": 393, "W": 405}
_COLOURS = {"I": green, "W": yellow}
RULE = "-" * 100


def log(when: datetime, place: str, text: str, level: str = "I") -> str:
    """A line of NeMo's handler; further lines of a message are set in by four blanks.

    >>> from fakeact.ansi import strip
    >>> strip(log(datetime(2026, 5, 22, 20, 8, 53), "utils:532", "two" + chr(10) + "lines")).splitlines()
    ['[NeMo I 2026-05-22 20:08:53 utils:532] two', '    lines']
    """
    prefix = _COLOURS[level](f"[NeMo {level} {when:%Y-%m-%d %H:%M:%S} {place}]")
    return f"{prefix} {text}".replace("\n", "\n    ")


def place(module: str, line: int, python: str, level: str = "I") -> str:
    """What stands for the place of a message that goes through NeMo's logger.

    >>> place("nemo_logger", 160, "3.10.12"), place("nemo_logger", 160, "3.12.3")
    ('nemo_logger:160', 'nemo_logging:393')
    """
    if int(python.split(".")[1]) >= 11:
        return f"nemo_logging:{_LOGGER_LINES[level]}"
    return f"{module}:{line}"


def metric(name: str, value: float) -> str:
    """A metric as the progress printer shows it: whole numbers whole, others with four significant digits.

    >>> metric("lr", 4.498e-06), metric("global_step", 29.0), metric("reduced_train_loss", 11.0321)
    ('lr: 4.498e-06', 'global_step: 29', 'reduced_train_loss: 11.03')
    """
    number = float(value)
    return f"{name}: {int(number)}" if number.is_integer() else f"{name}: {number:.4}"


def training_line(epoch: int, iteration: int, total: int, metrics: Mapping[str, float]) -> str:
    """A step: epochs and iterations count from 0.

    >>> training_line(0, 29, 1000, {"lr": 4.498e-06})
    'Training epoch 0, iteration 29/999 | lr: 4.498e-06'
    """
    head = f"Training epoch {epoch}, iteration {iteration}/{total - 1}"
    return " | ".join([head, *(metric(name, value) for name, value in metrics.items())])


def save_line(iteration: int, start: float, seconds: float) -> str:
    """A checkpoint is written, or copied to the hosts' memory; `start` in seconds since 1970.

    >>> save_line(499, 1769770000.1234, 2.3456)
    'Global Checkpoint Save : Rank: 0 : Iteration: 499 : Start time: 1769770000.123s : Save duration: 2.346s'
    """
    return (
        f"Global Checkpoint Save : Rank: 0 : Iteration: {iteration} : Start time: {start:.3f}s : "
        f"Save duration: {seconds:.3f}s"
    )


def load_line(start: float, seconds: float) -> str:
    """A checkpoint is read."""
    return (
        f"Global Checkpoint Load : Rank : 0 : Start time : {start:.3f}s : Time spent in load_checkpoint: {seconds:.3f}s"
    )


def devices(*, used: bool = True) -> list[str]:
    """Lightning's list of accelerators; the one of Habana is looked for as well."""
    return [
        f"GPU available: True (cuda), used: {used}",
        "TPU available: False, using: 0 TPU cores",
        "HPU available: False, using: 0 HPUs",
    ]


def joining(rank: int, world: int) -> str:
    """A rank joins the process group, with its number among the members.

    >>> joining(0, 16)
    'Initializing distributed: GLOBAL_RANK: 0, MEMBER: 1/16'
    """
    return f"Initializing distributed: GLOBAL_RANK: {rank}, MEMBER: {rank + 1}/{world}"


def joined(world: int, backend: str = "nccl") -> Iterator[str]:
    """All ranks are there."""
    yield RULE
    yield f"distributed_backend={backend}"
    yield f"All distributed processes registered. Starting with {world} processes"
    yield RULE
    yield ""


def visible(local_rank: int, per_node: int) -> str:
    """A rank sees its node's GPUs.

    >>> visible(1, 2)
    'LOCAL_RANK: 1 - CUDA_VISIBLE_DEVICES: [0,1]'
    """
    return f"LOCAL_RANK: {local_rank} - CUDA_VISIBLE_DEVICES: [{','.join(map(str, range(per_node)))}]"
