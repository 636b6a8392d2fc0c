"""What XMRig begins with: itself, the machine, the pool, the keys and the cards."""

from fakeact.style import cyan, green, on_magenta, yellow
from fakeact_cryptomining.sim.coins import Coin
from fakeact_cryptomining.sim.pool import Address
from fakeact_cryptomining.sim.rig import Card, Rig, Slot
from fakeact_cryptomining.tones import CYAN, GREEN, GREY, RED, WHITE, YELLOW, bolder

PLUGIN = "6.22.1"
"""The version of XMRig's CUDA plugin."""


def summary(rig: Rig, pool: Address, coin: Coin, *, colored: bool) -> list[str]:
    """What XMRig begins with. Where nobody sees colours it names the keys in another way."""
    rows = [
        ("ABOUT", CYAN("XMRig/6.26.0") + WHITE(" gcc/15.2.1 (built for Linux x86-64, 64 bit)")),
        ("LIBS", WHITE("libuv/1.52.1 OpenSSL/3.6.1 hwloc/2.13.0")),
        ("HUGE PAGES", GREEN("supported")),
        ("1GB PAGES", GREEN("supported") if rig.gigabyte_pages else YELLOW("disabled")),
        *_processor(rig),
        *_memory(rig),
        ("DONATE", WHITE("1%")),
        ("ASSEMBLY", WHITE("auto:") + GREEN("intel" if rig.cpu["msr"] == "intel" else "ryzen")),
        ("POOL #1", bolder(green if pool.tls else cyan)(pool.url) + " algo " + WHITE(_asked(rig, coin))),
        ("COMMANDS", _keys() if colored else "'h' hashrate, 'p' pause, 'r' resume, 's' results, 'c' connection"),
        ("OPENCL", RED("disabled")),
        *_cuda(rig),
    ]
    return [_row(name, text) for name, text in rows]


def _row(name: str, text: str) -> str:
    return f"{GREEN(' * ') if name else '   '}{WHITE(f'{name:<13}')}{text}"


def _processor(rig: Rig) -> list[tuple[str, str]]:
    cpu = rig.cpu
    small, large = WHITE(f"{cpu['l2']:.1f} MB"), WHITE(f"{cpu['l3']:.1f} MB")
    cores = f"{CYAN(str(cpu['cores']))}C{GREY('/')}{CYAN(str(cpu['threads']))}T{GREY(' NUMA:')}{CYAN('1')}"
    return [
        ("CPU", f"{WHITE(cpu['brand'] + ' (1)')} {GREEN('64-bit')} {GREEN('AES')}"),
        ("", f"{GREY('L2:')}{small}{GREY(' L3:')}{large} {cores}"),
    ]


def _memory(rig: Rig) -> list[tuple[str, str]]:
    """Memory, and what only root may read of it."""
    percent = rig.memory_used / rig.memory_total * 100
    used = f"{CYAN(f'{rig.memory_used:.1f}/{rig.memory_total:.1f}')}{cyan(' GB')}{GREY(f' ({percent:.0f}%)')}"
    if not rig.privileged:
        return [("MEMORY", used)]
    vendor, _, product = rig.board.partition(" - ")
    board = ("MOTHERBOARD", f"{WHITE(vendor)} - {WHITE(product)}")
    return [("MEMORY", used), *(("", _slot(slot)) for slot in rig.slots), board]


def _slot(slot: Slot) -> str:
    if not slot.size:
        return f"{slot.name}: {GREY('<empty>')}"
    kind = WHITE(f"{slot.kind} @ {slot.speed} MHz ")
    return f"{slot.name}: {CYAN(str(slot.size))}{cyan(' GB ')}{kind}{GREY(f'{slot.product:<18}')}"


def _asked(rig: Rig, coin: Coin) -> str:
    """What the pool is configured for: on cards XMRig has to be told."""
    return coin.algorithm if rig.cards else "auto"


def _cuda(rig: Rig) -> list[tuple[str, str]]:
    """The cards, and what speaks to them."""
    if not rig.cards:
        return [("CUDA", RED("disabled"))]
    runtime, supported, nvml = rig.driver
    versions = f"{WHITE(runtime)}/{WHITE(supported)}{GREY(f'/{PLUGIN}')}"
    monitor = f"{WHITE(nvml)}/{GREEN(nvml.partition('.')[2])} press {on_magenta(WHITE('e'))} for health report"
    cards = [("CUDA GPU", _card(number, card)) for number, card in enumerate(rig.cards)]
    return [("CUDA", versions), ("NVML", monitor), *cards]


def _card(number: int, card: Card) -> str:
    place = f"{CYAN(f'#{number}')} {yellow(card.bus)} {GREEN(card.name)}"
    clocks = WHITE(f"{card.clock}/{card.memory_clock} MHz")
    memory = cyan(f"{card.free}/{card.memory}")
    return f"{place} {clocks} smx:{WHITE(str(card.smx))} arch:{WHITE(card.arch)} mem:{memory} MB"


def _keys() -> str:
    key = bolder(on_magenta)
    parts = [key("h"), WHITE("ashrate, "), key("p"), WHITE("ause, "), key("r"), WHITE("esume, ")]
    return "".join([*parts, WHITE("re"), on_magenta(WHITE("s")), WHITE("ults, "), key("c"), WHITE("onnection")])
