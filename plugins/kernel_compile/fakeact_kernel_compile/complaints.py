"""What compiler, objtool and resolve_btfids find fault with, by the line that kbuild echoes for them."""

import pkgutil
import random
from functools import cache
from typing import NamedTuple

from fakeact.style import bold, magenta
from fakeact_kernel_compile.makefiles import kbuild_line

FRAME_WARN = 2048
"""CONFIG_FRAME_WARN: bytes of stack from which on gcc warns; the default on 64 bits."""
_TWICE_NAMED = "cred", "dentry", "file", "inode", "module", "page", "path", "sk_buff", "sock", "task_struct"
_ALWAYS_BUILT_IN = "fs/select", "kernel/", "mm/"


class Function(NamedTuple):
    """A function of the kernel that needs much stack."""

    source: str
    name: str
    last_line: int
    size: int
    """Bytes of its code."""


@cache
def functions() -> tuple[Function, ...]:
    """Functions of 7.2 with the largest stack frames, as gcc's -fstack-usage and nm give them."""
    data = pkgutil.get_data(__package__, "data/functions.txt")
    assert data is not None
    rows = (line.split() for line in data.decode().splitlines())
    return tuple(Function(source, name, int(last), int(size)) for source, name, last, size in rows)


def complaints(rng: random.Random) -> dict[str, str]:
    """Roll which faults there would be in a kernel with everything."""
    found: dict[str, str] = {}
    for function in rng.sample(functions(), rng.randint(3, 7)):
        target, text = f"{function.source.removesuffix('.c')}.o", _frame_size(function, rng)
        found |= {kbuild_line(tag, target): text for tag in ("CC", "CC [M]")}
    if rng.random() < 0.4:
        found[kbuild_line("LD", "vmlinux.o")] = _unreachable(rng)
    if rng.random() < 0.3:
        found[kbuild_line("BTFIDS", "vmlinux.unstripped")] = _several_ids(rng)
    return found


def _frame_size(function: Function, rng: random.Random) -> str:
    """As gcc warns on a terminal, with the line it quotes: the end of the function."""
    size = FRAME_WARN + 8 * int(rng.expovariate(1 / 25) + 1)
    where = f"{function.source}:{function.last_line}:1:"
    says = f"the frame size of {size} bytes is larger than {FRAME_WARN} bytes"
    return (
        f"{bold(f'{function.source}:')} In function ‘{bold(function.name)}’:\n"
        f"{bold(where)} {_warning('warning: ')}{says} [{_warning('-Wframe-larger-than=')}]\n"
        f"{function.last_line:>5} | {_warning('}')}\n"
        f"{'':>5} | {_warning('^')}"
    )


def _warning(text: str) -> str:
    return bold(magenta(text))


def _unreachable(rng: random.Random) -> str:
    """As objtool says it of the whole kernel, which it checks as one object with CONFIG_X86_KERNEL_IBT."""
    function = rng.choice([each for each in functions() if each.source.startswith(_ALWAYS_BUILT_IN)])
    place = f"{function.name}+{rng.randrange(16, function.size):#x}"
    return f"vmlinux.o: warning: objtool: {place}: unreachable instruction"


def _several_ids(rng: random.Random) -> str:
    """As resolve_btfids says it where two files mean different things by one name."""
    first, second = sorted(rng.sample(range(90, 120_000), 2))
    return f"WARN: multiple IDs found for '{rng.choice(_TWICE_NAMED)}': {first}, {second} - using {first}"
