"""Kinds of memory: each a function from dice, occupied bytes and a date to the bytes of a whole image."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from fakeact_memdump.images.firmware import firmware
from fakeact_memdump.images.process import process

IMAGES: Mapping[str, Callable[[Random, int, datetime], bytes]] = {"process": process, "firmware": firmware}
"""By the names that people choose them by."""
