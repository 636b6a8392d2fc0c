"""What clouds make up: identifiers, addresses from the documentation ranges."""

from random import Random

DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
HEX, DIGITS, LETTERS = "0123456789abcdef", "0123456789", "0123456789abcdefghijklmnopqrstuvwxyz"
BASE64 = f"{LETTERS}{LETTERS[10:].upper()}+/"
ALPHABETS = {"hex": HEX, "digits": DIGITS, "letters": LETTERS, "base64": BASE64}


def chance(name: str, rng: Random) -> str:
    """Something made up, by its name: ``hex.17``, ``digits.9``, ``letters.8``, ``uuid``, ``ip``.

    >>> len(chance("hex.17", Random(1))), chance("uuid", Random(1))[14]
    (17, '4')
    """
    kind, _, length = name.partition(".")
    if kind == "uuid":
        parts = [_some(HEX, size, rng) for size in (8, 4, 4, 4, 12)]
        parts[2] = f"4{parts[2][1:]}"  # version and variant (RFC 9562)
        parts[3] = f"{'89ab'[int(parts[3][0], 16) % 4]}{parts[3][1:]}"
        return "-".join(parts)
    if kind == "ip":
        return f"{rng.choice(DOCUMENTATION_NETWORKS)}.{rng.randint(1, 254)}"
    return _some(ALPHABETS[kind], int(length), rng)


def _some(alphabet: str, length: int, rng: Random) -> str:
    return "".join(rng.choices(alphabet, k=length))
