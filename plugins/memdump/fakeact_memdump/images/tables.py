"""Tables that devices carry because computing them takes too long there: true to the last bit."""

import math
import struct


def crc32_table() -> bytes:
    """256 words of the reflected CRC-32 (IEEE 802.3, polynomial 0xEDB88320).

    >>> crc32_table()[4:8].hex()
    '96300777'
    """
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return struct.pack("<256I", *table)


def sine_table() -> bytes:
    """A period of the sine as 256 numbers in Q15."""
    return struct.pack("<256h", *(round(32767 * math.sin(math.tau * i / 256)) for i in range(256)))


def gamma_table(gamma: float) -> bytes:
    """256 brightnesses, so that lamps look evenly spaced."""
    return bytes(round(255 * (i / 255) ** gamma) for i in range(256))


def thermistor_table(beta: float) -> bytes:
    """What a 12-bit converter reads from -40 to 125 degrees: 10 kOhm at 25 degrees over 10 kOhm, beta equation."""
    kelvins = (degrees + 273.15 for degrees in range(-40, 126))
    ratios = (math.exp(beta * (1 / kelvin - 1 / 298.15)) for kelvin in kelvins)
    return struct.pack("<166H", *(round(4095 * ratio / (1 + ratio)) for ratio in ratios))


def crc8(data: bytes) -> int:
    """CRC-8-CCITT (polynomial 0x07) from 0xFF, with which Zephyr's NVS guards its entries.

    >>> hex(crc8(b"123456789"))
    '0xfb'
    """
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 & 0xFF ^ (0x07 if crc & 0x80 else 0)
    return crc
