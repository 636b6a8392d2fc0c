"""Drivers that are loaded once the root file system is there."""

import random

from fakeact_bootlog.sim.kernel import Kernel, Message
from fakeact_bootlog.sim.pci import Function
from fakeact_bootlog.sim.probing import Track, play


def later(kernel: Kernel, began: float, rng: random.Random) -> list[Message]:
    """What the drivers say that are loaded once the root file system is there."""
    machine = kernel.machine
    messages: list[Message] = []
    for what, track in (("gpu", _gpu), ("wifi", _wifi), ("audio", _audio)):
        for function in kernel.buses.find(what):
            messages += play(began + rng.uniform(0.2, 0.9), track(kernel, function), rng)
    power = [
        (0.3, "input: Power Button as /devices/LNXSYSTM:00/LNXPWRBN:00/input/input3"),
        (0.01, "ACPI: button: Power Button [PWRF]"),
    ]
    messages += play(began, iter(power), rng)
    if machine.cpu["vendor"] == "amd" and machine.kind == "server":
        lines = [
            (1.2, "kvm_amd: TSC scaling supported"),
            (0.00001, "kvm_amd: Nested Virtualization enabled"),
            (0.00001, "kvm_amd: Nested Paging enabled"),
        ]
        messages += play(began, iter(lines), rng)
        ipmi = [
            (0.5, "ipmi_si: IPMI System Interface driver"),
            (0.01, "ipmi_si IPI0001:00: ipmi_platform: [io  0x0ca2] regsize 1 spacing 1 irq 0"),
            (
                0.4,
                (
                    "ipmi_si IPI0001:00: The BMC does not support clearing the recv irq bit, compensating, "
                    "but the BMC needs to be fixed."
                ),
            ),
            (0.5, "ipmi_si IPI0001:00: IPMI kcs interface initialized"),
        ]
        messages += play(began, iter(ipmi), rng)
    return messages


def _gpu(kernel: Kernel, function: Function) -> Track:
    console = "240x75" if kernel.machine.kind == "laptop" else "128x48"
    yield 0.0, "Console: switching to colour dummy device 80x25"
    if kernel.machine.kind == "vm":
        memory, registers = function.bars[0][1], function.bars[1][1]
        yield 0.001, f"bochs-drm {function.at}: vgaarb: deactivate vga console"
        yield 0.002, "[drm] Found bochs VGA, ID 0xb0c5."
        yield (
            0.00002,
            (
                f"[drm] Framebuffer size {(memory.end - memory.start) >> 10} kB @ {memory.start:#x}, "
                f"mmio @ {registers.start:#x}."
            ),
        )
        yield 0.002, "[drm] Found EDID data blob."
        yield 0.02, f"[drm] Initialized bochs-drm 1.0.0 for {function.at} on minor 0"
        yield 0.01, "fbcon: bochs-drmdrmfb (fb0) is primary device"
        yield 0.02, f"Console: switching to colour frame buffer device {console}"
        yield 0.003, f"bochs-drm {function.at}: [drm] fb0: bochs-drmdrmfb frame buffer device"
        return
    yield 0.001, f"i915 {function.at}: vgaarb: deactivate vga console"
    yield 0.0004, f"i915 {function.at}: [drm] Using Transparent Hugepages"
    yield 0.02, f"i915 {function.at}: [drm] Finished loading DMC firmware i915/adlp_dmc.bin (v2.20)"
    yield 0.09, f"i915 {function.at}: [drm] GT0: GuC firmware i915/adlp_guc_70.bin version 70.36.0"
    yield 0.00002, f"i915 {function.at}: [drm] GT0: HuC firmware i915/tgl_huc.bin version 7.9.3"
    yield 0.02, f"i915 {function.at}: [drm] GT0: HuC: authenticated for all workloads"
    yield 0.001, f"i915 {function.at}: [drm] GT0: GUC: submission enabled"
    yield 0.00002, f"i915 {function.at}: [drm] GT0: GUC: SLPC enabled"
    yield 0.4, f"[drm] Initialized i915 1.6.0 for {function.at} on minor 0"
    yield 0.02, "fbcon: i915drmfb (fb0) is primary device"
    yield 0.02, f"Console: switching to colour frame buffer device {console}"
    yield 0.03, f"i915 {function.at}: [drm] fb0: i915drmfb frame buffer device"


def _wifi(kernel: Kernel, function: Function) -> Track:
    nic = kernel.machine.nics[0]
    yield 0.1, "cfg80211: Loading compiled-in X.509 certificates for regulatory database"
    yield 0.001, "Loaded X.509 cert 'benh@debian.org: 577e021cb980e0e820821ba7b54b4961b8b4fadf'"
    yield 0.0001, "Loaded X.509 cert 'romain.perier@gmail.com: 3abbc6ec146e09d1b6016ab9d6cf71dd233f0328'"
    yield 0.0001, "Loaded X.509 cert 'sforshee: 00b28ddf47aef9cea7'"
    yield 0.0001, "Loaded X.509 cert 'wens: 61c038651aabdcf94bd0ac7ff06c7248db18c600'"
    yield 0.05, "Intel(R) Wireless WiFi driver for Linux"
    yield 0.001, f"iwlwifi {function.at}: enabling device (0000 -> 0002)"
    yield 0.01, f"iwlwifi {function.at}: Detected crf-id 0x400410, cnv-id 0x80401 wfpm id 0x80000020"
    yield 0.03, f"iwlwifi {function.at}: loaded firmware version 89.123cf747.0 so-a0-gf-a0-89.ucode op_mode iwlmvm"
    yield 0.12, f"iwlwifi {function.at}: Detected Intel(R) Wi-Fi 6E AX211 160MHz, REV=0x370"
    yield 0.2, f"iwlwifi {function.at}: base HW address: {nic.mac}"
    yield 0.02, f"iwlwifi {function.at} {nic.name}: renamed from wlan0"


def _audio(_kernel: Kernel, function: Function) -> Track:
    driver = f"sof-audio-pci-intel-tgl {function.at}"
    yield 0.2, f"{driver}: DSP detected with PCI class/subclass/prog-if info 0x040100"
    yield 0.0001, f"{driver}: Digital mics found on Skylake+ platform, using SOF driver"
    yield 0.0002, f"{driver}: enabling device (0000 -> 0002)"
    yield 0.3, f"{driver}: Firmware paths/files for ipc type 0:"
    yield 0.00001, f"{driver}:  Firmware file:     intel/sof/sof-rpl.ri"
    yield 0.00001, f"{driver}:  Topology file:     intel/sof-tplg/sof-hda-generic-2ch.tplg"
    yield 0.05, f"{driver}: Firmware info: version 2:2:0-57864"
