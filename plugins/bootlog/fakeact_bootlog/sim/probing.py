"""Drivers that find their devices: each a track of lines of its own, all at the same time."""

import random
from collections.abc import Callable, Iterator

from fakeact_bootlog.sim.kernel import Kernel, Message
from fakeact_bootlog.sim.pci import Function

_UNITS = ("B", "kB", "MB", "GB", "TB"), ("B", "KiB", "MiB", "GiB", "TiB")
Track = Iterator[tuple[float, str]]


def size(number: int, step: int = 1000) -> str:
    """Bytes with three digits, cut off as string_get_size() does.

    >>> size(4194304 * 512), size(4194304 * 512, 1024), size(524288 * 512, 1024)
    ('2.15 GB', '2.00 GiB', '256 MiB')
    """
    power, whole, unit = 1, 0, 0
    while number >= power * step:
        power, unit = power * step, unit + 1
    whole = number // power
    digits = max(0, 3 - len(str(whole)))
    scaled = (number * 10**digits + power // 2) // power
    text = f"{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}" if digits else str(whole)
    return f"{text} {_UNITS[step == 1024][unit]}"


def blocks(sectors: int) -> str:
    """A disk's size as the SCSI and virtio drivers print it."""
    return f"{sectors} 512-byte logical blocks: ({size(sectors * 512)}/{size(sectors * 512, 1024)})"


def play(began: float, track: Track, rng: random.Random) -> list[Message]:
    """A track's lines with their stamps; the pauses in it are seconds."""
    messages, now = [], began
    for pause, text in track:
        now += pause * rng.lognormvariate(0, 0.25)
        messages.append(Message(now, text))
    return messages


class Probing:
    """What the drivers in the initramfs say from a moment on, and when each disk is there."""

    def __init__(self, kernel: Kernel, began: float, rng: random.Random) -> None:
        self._kernel, self._machine, self._rng = kernel, kernel.machine, rng
        self.messages: list[Message] = []
        self.disks: dict[str, float] = {}
        tracks: dict[str, Callable[[Function], Track]] = {
            "nvme": self._nvme, "vblk": self._virtio_disk, "vnet": self._virtio_net, "smbus": self._smbus,
            "hba": self._hba, "nic": self._ixgbe,
        }  # fmt: skip
        for what, track in tracks.items():
            for number, function in enumerate(kernel.buses.find(what)):
                pause = rng.uniform(0.05, 0.3) + 0.2 * number
                lines = play(began + pause, track(function), rng)
                self.messages += lines
                if what in ("nvme", "vblk", "hba"):
                    self.disks[{"nvme": "nvme0n1", "vblk": "vda", "hba": "sda"}[what]] = lines[-1].at
        if kernel.buses.find("xhci"):
            self.messages += play(began + 0.1, self._usb(), rng)
        self.ended = max((message.at for message in self.messages), default=began)

    def _nvme(self, function: Function) -> Track:
        disk, cpus = self._machine.disk, self._machine.cpus
        if self._machine.kind == "laptop":
            yield 0.0, f"nvme {function.at}: platform quirk: setting simple suspend"
        yield 0.002, f"nvme nvme0: pci function {function.at}"
        if self._machine.kind == "laptop":
            yield 0.01, "nvme nvme0: allocated 64 MiB host memory buffer (16 segments)."
        yield 0.03, f"nvme nvme0: {min(cpus, disk['queues'])}/0/0 default/read/poll queues"
        names = " ".join(
            part.device.removeprefix("nvme0n1") for part in self._machine.partitions if "nvme" in part.device
        )
        yield 0.012, f" nvme0n1: {names}"

    def _virtio_disk(self, _function: Function) -> Track:
        yield 0.0, "virtio_blk virtio1: 1/0/0 default/read/poll queues"
        yield 0.004, f"virtio_blk virtio1: [vda] {blocks(self._machine.disk['sectors']).replace('blocks:', 'blocks')}"
        yield 0.006, " vda: vda1"

    def _virtio_net(self, _function: Function) -> Track:
        yield 0.03, f"virtio_net virtio0 {self._machine.nics[0].name}: renamed from eth0"

    def _smbus(self, function: Function) -> Track:
        if self._machine.cpu["vendor"] == "intel":
            yield 0.0, f"i801_smbus {function.at}: SPD Write Disable is set"
            yield 0.0005, f"i801_smbus {function.at}: SMBus using PCI interrupt"
        else:
            yield 0.0, f"piix4_smbus {function.at}: SMBus Host Controller at 0xb00, revision 0"
            yield 0.0003, f"piix4_smbus {function.at}: Using register 0x02 for SMBus port selection"

    def _ixgbe(self, function: Function) -> Track:
        number = int(function.at[-1])
        nic, queues = self._machine.nics[number], min(63, self._machine.cpus)
        if not number:
            yield 0.0, "ixgbe: Intel(R) 10 Gigabit PCI Express Network Driver"
            yield 0.00001, "ixgbe: Copyright (c) 1999-2016 Intel Corporation."
        yield (
            0.9,
            (
                f"ixgbe {function.at}: Multiqueue Enabled: Rx Queue count = {queues}, Tx Queue count = {queues}"
                " XDP Queue count = 0"
            ),
        )
        yield 0.09, f"ixgbe {function.at}: 31.504 Gb/s available PCIe bandwidth (8.0 GT/s PCIe x4 link)"
        yield 0.09, f"ixgbe {function.at}: MAC: 4, PHY: 7, PBA No: H87422-007"
        yield 0.00002, f"ixgbe {function.at}: {nic.mac}"
        yield 0.12, f"ixgbe {function.at}: Intel(R) 10 Gigabit Network Connection"
        yield 0.06, f"ixgbe {function.at} {nic.name}: renamed from eth{number}"

    def _hba(self, function: Function) -> Track:
        registers = function.registers
        # The adapter's own name: the same at each boot.
        base = f"0x50{random.Random(self._machine.lost).getrandbits(56):014x}"
        memory = self._machine.memory.pages * 4
        yield 0.0, "mpt3sas version 51.100.00.00 loaded"
        yield 0.0004, f"mpt3sas {function.at}: enabling device (0000 -> 0002)"
        yield 0.0003, f"mpt3sas_cm0: 63 BIT PCI BUS DMA ADDRESSING SUPPORTED, total mem ({memory - memory // 60} kB)"
        yield 0.05, "mpt3sas_cm0: CurrentHostPageSize is 0: Setting default host page size to 4k"
        yield 0.00003, "mpt3sas_cm0: MSI-X vectors supported: 128"
        yield 0.00002, f"\t no of cores: {self._machine.cpus}, max_msix_vectors: -1"
        yield 0.09, "mpt3sas_cm0: High IOPs queues : enabled"
        yield (
            0.0005,
            (
                f"mpt3sas_cm0: iomem({registers.start:#018x}), mapped(0x00000000{self._rng.getrandbits(32):08x}), "
                f"size({registers.end - registers.start})"
            ),
        )
        yield 0.00002, "mpt3sas_cm0: ioport(0x0000000000000000), size(0)"
        yield 0.055, "mpt3sas_cm0: sending message unit reset !!"
        yield 0.002, "mpt3sas_cm0: message unit reset: SUCCESS"
        yield (
            0.6,
            "mpt3sas_cm0: scatter gather: sge_in_main_msg(1), sge_per_chain(7), sge_per_io(128), chains_per_io(19)",
        )
        yield 0.4, "mpt3sas_cm0: LSISAS3416: FWVersion(24.00.00.00), ChipRevision(0x01)"
        yield (
            0.00003,
            "mpt3sas_cm0: Protocol=(Initiator,Target), Capabilities=(TLR,EEDP,Diag Trace Buffer,Task Set Full,NCQ)",
        )
        yield 0.0002, "scsi host0: Fusion MPT SAS Host"
        yield 0.01, "mpt3sas_cm0: sending port enable !!"
        yield 0.09, f"mpt3sas_cm0: host_add: handle(0x0001), sas_addr({base}), phys(21)"
        drives = self._machine.drives
        for number, drive in enumerate(drives):
            yield (
                0.15,
                (
                    f"scsi 0:0:{number}:0: Direct-Access     {drive['vendor']:<8} {drive['model']:<16} {drive['rev']}"
                    " PQ: 0 ANSI: 7"
                ),
            )
        yield 7.5, "mpt3sas_cm0: port enable: SUCCESS"
        for number, drive in reversed(list(enumerate(drives))):
            yield from self._scsi_disk(number, drive["sectors"])

    def _scsi_disk(self, number: int, sectors: int) -> Track:
        letter = chr(ord("a") + number)
        name = f"sd 0:0:{number}:0: [sd{letter}]"
        yield 0.004, f"{name} {blocks(sectors)}"
        yield 0.00001, f"{name} 4096-byte physical blocks"
        yield 0.004, f"{name} Write Protect is off"
        yield 0.004, f"{name} Write cache: enabled, read cache: enabled, supports DPO and FUA"
        yield 0.03, f" sd{letter}: sd{letter}1"
        yield 0.002, f"{name} Attached SCSI disk"

    def _usb(self) -> Track:
        release = self._kernel.release
        yield 0.0, "ACPI: bus type USB registered"
        for name in ("interface driver usbfs", "interface driver hub", "device driver usb"):
            yield 0.00003, f"usbcore: registered new {name}"
        bus = 0
        for function in self._kernel.buses.find("xhci"):
            for speed, ports in zip(("0002", "0003"), function.ports, strict=True):
                bus += 1
                yield from self._root_hub(function, bus, speed, ports, release)
        last = bus - 1
        for number, device in enumerate(self._machine.facts["usb"]):
            yield from self._usb_device(device, last, number)

    def _root_hub(self, function: Function, bus: int, product: str, ports: int, release: str) -> Track:
        driver = f"xhci_hcd {function.at}"
        yield 0.001, f"{driver}: xHCI Host Controller"
        yield 0.00001, f"{driver}: new USB bus registered, assigned bus number {bus}"
        if product == "0003":
            yield 0.00001, f"{driver}: Host supports USB 3.1 Enhanced SuperSpeed"
        else:
            yield 0.002, f"{driver}: hcc params 0x20007fc1 hci version 0x120 quirks 0x0000000200009810"
        usb = f"usb usb{bus}"
        yield 0.0004, f"{usb}: New USB device found, idVendor=1d6b, idProduct={product}, bcdDevice= 6.12"
        yield 0.00001, f"{usb}: New USB device strings: Mfr=3, Product=2, SerialNumber=1"
        yield 0.00001, f"{usb}: Product: xHCI Host Controller"
        yield 0.00001, f"{usb}: Manufacturer: Linux {release} xhci-hcd"
        yield 0.00001, f"{usb}: SerialNumber: {function.at}"
        yield 0.0001, f"hub {bus}-0:1.0: USB hub found"
        yield 0.00002, f"hub {bus}-0:1.0: {ports} port{'s' if ports > 1 else ''} detected"

    def _usb_device(self, device: dict[str, object], bus: int, number: int) -> Track:
        vendor, _, product = str(device["id"]).partition(":")
        strings = device["strings"]
        assert isinstance(strings, list)
        ports = next(f.ports for f in reversed(self._kernel.buses.find("xhci")))[0]
        port = 1 + number * max(1, ports // 4) if number * max(1, ports // 4) < ports else ports
        usb = f"usb {bus}-{port}"
        yield 0.25, f"{usb}: new {device['speed']}-speed USB device number {2 + number} using xhci_hcd"
        yield 0.13, f"{usb}: New USB device found, idVendor={vendor}, idProduct={product}, bcdDevice={device['bcd']}"
        texts = dict(zip(("Product", "Manufacturer"), strings, strict=False))
        yield (
            0.00001,
            (
                f"{usb}: New USB device strings: Mfr={1 if 'Manufacturer' in texts else 0}, "
                f"Product={2 if 'Product' in texts else 0}, SerialNumber=0"
            ),
        )
        for what, text in texts.items():
            yield 0.00001, f"{usb}: {what}: {text}"


def swap_line(device: str, number: int) -> str:
    """What the kernel says as swap is added; the first page is kept for the header."""
    kib = number // 1024 - 4
    return f"Adding {kib}k swap on /dev/{device}.  Priority:-2 extents:1 across:{kib}k SS"
