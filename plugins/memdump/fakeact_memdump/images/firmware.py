"""The flash of a small device: MCUboot's two slots and a settings partition, as a probe reads it."""

import hashlib
import struct
from datetime import datetime
from random import Random

from fakeact_memdump.images import program
from fakeact_memdump.images.settings import partition

SECTOR = 4096
HEADER = 0x200
"""Bytes before an image, so that its vector table is aligned."""
HEADER_MAGIC, TLV_MAGIC = 0x96F3B83D, 0x6907
ENCRYPTED = 0x04
SHA256, KEY_HASH, ECDSA = 0x10, 0x01, 0x22
"""Types of the records behind an image."""
TRAILER_MAGIC = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
"""Ends a slot whose image has been tried; all from MCUboot's `image.h` and `bootutil_public.c`."""
BASES = (0x08010000, 0x0000C000, 0x10020000)
"""Where flash chips of several makers have their first slot."""


def firmware(rng: Random, size: int, today: datetime) -> bytes:
    """Both slots and the settings: about *size* bytes that are not erased."""
    base = rng.choice(BASES)
    version = rng.randint(1, 4), rng.randint(0, 12), rng.randint(0, 9)
    built = program.link_program(rng, base + HEADER, size * 3 // 4, version, today)
    update = rng.randbytes(size // 8 & ~15)  # what is encrypted looks like chance
    newer = (version[0], version[1] + 1, 0)
    slot = -(-(len(built) + 2 * SECTOR) // (4 * SECTOR)) * 4 * SECTOR  # both are of one size, to be swapped
    flash = _slot(signed(built, version, 0, rng), slot, TRAILER_MAGIC)
    flash += _slot(signed(update, newer, ENCRYPTED, rng), slot, b"")
    return flash + partition(rng, size // 8, today)


def signed(image: bytes, version: tuple[int, int, int], flags: int, rng: Random) -> bytes:
    """An image with its header before it and its checksum and signature behind it."""
    header = struct.pack("<IIHHIIBBHII", HEADER_MAGIC, 0, HEADER, 0, len(image), flags, *version, 0, 0)
    image = header.ljust(HEADER, b"\0") + image
    half = rng.randbytes(31), rng.randbytes(31)
    # DER: a sequence of two positive integers.
    signature = b"\x30\x44" + b"".join(b"\x02\x20" + bytes([rng.randint(1, 127)]) + part for part in half)
    records = _record(SHA256, hashlib.sha256(image).digest()) + _record(KEY_HASH, rng.randbytes(32))
    records += _record(ECDSA, signature)
    return image + struct.pack("<HH", TLV_MAGIC, len(records) + 4) + records


def _record(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", kind, len(value)) + value


def _slot(content: bytes, size: int, magic: bytes) -> bytes:
    """Content, erased flash, and at the end what the boot loader notes: that the image is good."""
    trailer = b"\x01".ljust(8, b"\xff") + magic if magic else b""
    return content.ljust(size - len(trailer), b"\xff") + trailer
