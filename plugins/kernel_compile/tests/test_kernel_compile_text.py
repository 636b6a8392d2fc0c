"""What the printed text says of the build: recomputed from the lines alone, over many seeds."""

import re
from functools import cache

import pytest
from fakeact_kernel_compile import fakeact_modules

from fakeact.testing import Performance, perform

MODULE = fakeact_modules()[0]
KBUILD = re.compile(r"  (\S+(?: \[M\])?) +(\S.*?) ?")
WARNING = re.compile(r"(\S+)\.c:(\d+):1: warning: the frame size of (\d+) bytes is larger than (\d+) bytes \[-W\S+=\]")
SPENT = re.compile(r"(real|user|sys) +(\d+)m(\d+\.\d{3})s")
# As recorded from a build of 7.2.13 with gcc 12.2 and pahole 1.24: nothing else runs meanwhile.
LINK = """
AR built-in.a, AR built-in-fixup.a, COPY vmlinux.a, LD vmlinux.o, GEN .vmlinux.objs, MODPOST Module.symvers,
CC .vmlinux.export.o, UPD include/generated/utsversion.h, CC init/version-timestamp.o,
KSYMS .tmp_vmlinux0.kallsyms.S, AS .tmp_vmlinux0.kallsyms.o, LD .tmp_vmlinux1, BTF .tmp_vmlinux1,
NM .tmp_vmlinux1.syms, KSYMS .tmp_vmlinux1.kallsyms.S, AS .tmp_vmlinux1.kallsyms.o, LD .tmp_vmlinux2,
NM .tmp_vmlinux2.syms, KSYMS .tmp_vmlinux2.kallsyms.S, AS .tmp_vmlinux2.kallsyms.o, LD vmlinux.unstripped,
BTFIDS vmlinux.unstripped, NM System.map, SORTTAB vmlinux.unstripped, OBJCOPY vmlinux,
GEN modules.builtin.modinfo, GEN modules.builtin
"""
IMAGE = """
OBJCOPY compressed/vmlinux.bin, RELOCS compressed/vmlinux.relocs, GZIP compressed/vmlinux.bin.gz,
MKPIGGY compressed/piggy.S, AS compressed/piggy.o, LD compressed/vmlinux, OBJCOPY vmlinux.bin, AS header.o,
LD setup.elf, OBJCOPY setup.bin, BUILD bzImage
"""
TOP = re.findall(
    r"\S+", "arch/x86 block certs crypto drivers fs init io_uring ipc kernel lib mm net security sound usr virt"
)
GENERATORS = {
    ("UPD", "arch/x86/kvm/kvm-asm-offsets.h"): "arch/x86/kvm/",
    ("MKREG", "drivers/gpu/drm/radeon/cayman_reg_safe.h"): "drivers/gpu/drm/radeon/",
    ("GEN", "fs/smb/client/smb1_mapping_table.c"): "fs/smb/client/",
}

Place = dict[tuple[str, str], int]


def words(text: str) -> list[tuple[str, str]]:
    return [(tag, target) for tag, _, target in (step.strip().partition(" ") for step in text.split(","))]


def places(lines: list[str]) -> Place:
    """Where each command stands, the last time."""
    found = ((KBUILD.fullmatch(line), at) for at, line in enumerate(lines))
    return {(match[1], match[2]): at for match, at in found if match}


def twice(lines: list[str]) -> list[str]:
    """Targets that are made twice; two generators of the real tree do that, and mkdir."""
    seen: set[str] = set()
    again = [line for line in lines if line in seen or seen.add(line) or False]
    return [f"twice: {line}" for line in again if KBUILD.fullmatch(line) and line.split()[0] not in ("GEN", "MKDIR")]


def tools_late(place: Place) -> list[str]:
    """Host tools after, or objects of the kernel before, the line that begins with the tree."""
    begin = place["LDS", "scripts/module.lds"]
    wrong = []
    for (tag, target), at in place.items():
        tool = target.startswith(("scripts/", "/usr/src/", "arch/x86/tools/", "include/config/"))
        if (tool and at > begin) or (
            at < begin and tag in ("CC", "AS", "AR", "CC [M]") and not tool and target[-1] != "s"
        ):
            wrong.append(f"wrong side of the preparations: {target}")
    return wrong


def archived_early(place: Place) -> list[str]:
    """Archives that are made before what is in them, and objects that are in none."""
    archives = {target.removesuffix("/built-in.a"): at for (tag, target), at in place.items() if tag == "AR"}
    wrong = []
    begin, end = place["LDS", "scripts/module.lds"], place["AR", "built-in.a"]
    for (tag, target), at in place.items():
        if begin < at < end and (tag in ("CC", "AS") or target.endswith("/built-in.a")):
            above = target.removesuffix("/built-in.a").split("/")
            around = ["/".join(above[:depth]) for depth in range(1, len(above))]
            wrong += [f"before {target}: {path}/built-in.a" for path in around if archives.get(path, end) <= at]
            if not any(path in archives for path in around) and "/".join(above) not in TOP:
                wrong.append(f"in no archive: {target}")
    return wrong


def modules_wrong(place: Place) -> list[str]:
    """Modules that are not compiled, described, linked and typed in this order, each once."""
    objects = {t.removesuffix(".mod.o") for tag, t in place if tag == "CC [M]" and t.endswith(".mod.o")}
    linked = {t.removesuffix(".ko") for tag, t in place if tag == "LD [M]" and t.endswith(".ko")}
    typed = {t.removesuffix(".ko") for tag, t in place if tag == "BTF [M]"}
    wrong = [f"incomplete module: {name}" for name in objects ^ linked | linked ^ typed]
    for name in objects & linked & typed:
        tags = [tag for tag in ("LD [M]", "CC [M]", "AS [M]") if (tag, f"{name}.o") in place]
        steps = [place[tags[0], f"{name}.o"]] if tags else []
        steps += [place["MODPOST", "Module.symvers"], place["CC [M]", f"{name}.mod.o"]]
        steps += [place["LD [M]", f"{name}.ko"], place["BTF [M]", f"{name}.ko"]]
        if not tags or steps != sorted(steps):
            wrong.append(f"module out of order: {name}")
    return wrong


def link_wrong(lines: list[str], place: Place) -> list[str]:
    """Another sequence than the recorded one from the last archive to the kernel, and from there to the image."""
    commands = [(m[1], m[2]) for line in lines if (m := KBUILD.fullmatch(line))]
    begin = commands.index(("AR", "built-in.a"))
    expected = words(LINK)
    wrong = [] if commands[begin : begin + len(expected)] == expected else ["another link"]
    steps = [place.get((tag, f"arch/x86/boot/{target}"), -1) for tag, target in words(IMAGE)]
    steps.append(lines.index("Kernel: arch/x86/boot/bzImage is ready  (#1)"))
    return wrong if steps == sorted(steps) and steps[0] > 0 else [*wrong, "another image"]


def warnings_wrong(lines: list[str], place: Place) -> list[str]:
    """Warnings of files that are not compiled before, with frames that are not too large, or another line quoted."""
    wrong = []
    for at, line in enumerate(lines):
        if match := WARNING.fullmatch(line):
            path, number, size, limit = match.groups()
            compiled = min(place.get((tag, f"{path}.o"), len(lines)) for tag in ("CC", "CC [M]"))
            quoted = lines[at + 1] == f"{number:>5} | }}" and lines[at + 2] == "      | ^"
            named = lines[at - 1].startswith(f"{path}.c: In function ‘")
            if not (quoted and named and compiled < at and int(size) > int(limit) and int(size) % 8 == 0):
                wrong.append(f"warning: {line}")
        elif line.startswith("vmlinux.o: warning: objtool: ") and lines[at - 1] == "  LD      vmlinux.o":
            continue
        elif line.startswith("WARN: multiple IDs") and lines[at - 1] == "  BTFIDS  vmlinux.unstripped":
            first, second, used = map(int, re.findall(r"\d+", line))
            wrong += [] if first == used < second else [f"warning: {line}"]
        elif "arning:" in line or "WARN:" in line:
            wrong.append(f"unknown: {line}")
    return wrong


def spent(lines: list[str]) -> dict[str, float]:
    found = (SPENT.fullmatch(line) for line in lines[-3:])
    return {match[1]: 60 * int(match[2]) + float(match[3]) for match in found if match}


def generated_late(place: Place) -> list[str]:
    """Modules that are compiled before what their directory generates for them, or generated files without modules."""
    wrong = []
    for generator, directory in GENERATORS.items():
        objects = [at for (tag, target), at in place.items() if tag == "CC [M]" and target.startswith(directory)]
        if (generator in place) != bool(objects) or any(at < place[generator] for at in objects):
            wrong.append(f"generated late: {generator[1]}")
    return wrong


def times_wrong(lines: list[str], seconds: float, jobs: int) -> list[str]:
    """Times that are not those that were waited, or more work than so many jobs can do in them."""
    time = spent(lines)
    real, busy = time.get("real", 0), time.get("user", 0) + time.get("sys", 0)
    wrong = [] if abs(real - seconds) < 0.01 else [f"took {seconds}, says {real}"]
    return wrong if 0.5 * real < busy <= jobs * real + 0.01 else [*wrong, f"{busy} s of work in {real} s"]


def faults(lines: list[str], seconds: float, jobs: int = 16) -> list[str]:
    place = places(lines)
    return [
        *twice(lines), *tools_late(place), *archived_early(place), *modules_wrong(place), *link_wrong(lines, place),
        *warnings_wrong(lines, place), *generated_late(place), *times_wrong(lines, seconds, jobs),
    ]  # fmt: skip


@cache
def played(seed: int, jobs: int = 16) -> Performance:
    modules = 700 if seed < 2 else 100
    return perform(MODULE, seed=seed, seconds=2000, columns=200, jobs=jobs, modules=modules)


@cache
def with_warning() -> Performance:
    return next(shown for shown in map(played, (0, 1, 4, 5, 8)) if "frame size" in "".join(shown.lines))


@pytest.mark.parametrize("seed", range(12))
def test_the_text_agrees_with_itself(seed: int) -> None:
    """Orders, sums and times that can be recomputed from the printed lines are right, with any number of jobs."""
    jobs = (16, 16, 8, 64)[seed % 4]
    shown = played(seed, jobs)
    assert (shown.error, shown.ended) == (None, "finished")
    assert not faults(shown.lines, shown.seconds - 3, jobs)


def moved(lines: list[str], what: str, before: str) -> list[str]:
    rest = [line for line in lines if line != what]
    rest.insert(rest.index(before), what)
    return rest


@pytest.mark.parametrize(
    ("what", "before", "fault"),
    [
        ("  HOSTLD  scripts/mod/modpost", "  AR      built-in.a", "wrong side"),
        ("  CC      kernel/fork.o", "  HOSTLD  scripts/mod/modpost", "wrong side"),
        ("  AR      kernel/built-in.a", "  AR      kernel/sched/built-in.a", "before kernel/sched/built-in.a"),
        ("  AR      mm/built-in.a", "  CC      mm/slub.o", "before mm/slub.o"),
        ("  BTF     .tmp_vmlinux1", "  LD      .tmp_vmlinux1", "another link"),
        ("  BUILD   arch/x86/boot/bzImage", "  LD      arch/x86/boot/setup.elf", "another image"),
        ("  CC [M]  {}.mod.o", "  MODPOST Module.symvers", "module out of order"),
        ("  BTF [M] {}.ko", "  LD [M]  {}.ko", "module out of order"),
    ],
)
def test_the_checker_sees_what_is_out_of_order(what: str, before: str, fault: str) -> None:
    """A command that is moved before one it needs is found."""
    shown = played(0)
    some = next(target.removesuffix(".ko") for tag, target in places(shown.lines) if tag == "BTF [M]")
    lines = moved(shown.lines, what.format(some), before.format(some))
    assert any(found.startswith(fault) for found in faults(lines, shown.seconds - 3))


@pytest.mark.parametrize(
    ("pattern", "replacement", "fault"),
    [
        (r"(  CC      mm/slub.o)", r"\1\n\1", "twice"),
        (r"(?m)^  BTF \[M\] .*\n", "", "incomplete module"),
        (r"  AR      crypto/built-in.a\n", "", "in no archive"),
        (r"( +)\d+ \| }", r"\g<1>7 | }", "warning"),
        (r"size of \d+ bytes", "size of 2000 bytes", "warning"),
        (r"(?m)^(  LD      vmlinux.o)$", r"  CC [M]  fs/smb/client/link.o\n\1", "generated late"),
        (r"  BTFIDS  .*", "WARN: multiple IDs found for 'file': 9, 8 - using 9", "unknown"),
        (r"real +\d+m", "real    9m", "took"),
        (r"user +\d+m", "user    99m", "s of work"),
    ],
)
def test_the_checker_sees_a_wrong_figure(pattern: str, replacement: str, fault: str) -> None:
    """A figure or line that is changed, doubled or left out is found."""
    shown = with_warning()
    changed = re.sub(pattern, replacement, "\n".join(shown.lines), count=1)
    assert any(fault in found for found in faults(changed.split("\n"), shown.seconds - 3))
