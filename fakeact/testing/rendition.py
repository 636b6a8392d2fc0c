"""Select graphic rendition: which code sets which attribute, and which ends it."""

import re
from functools import lru_cache

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_COLOUR = re.compile(rf"[34]8;(?:5;{_BYTE}|2(?:;{_BYTE}){{3}})")
_CODE = re.compile(rf"(?:^|;)({_COLOUR.pattern}|[0-9]*)(?=;|$)")

# What each code changes; a later code for the same attribute takes the earlier one's place.
_ATTRIBUTES = {
    "1": "bold", "2": "dim", "3": "italic", "4": "underline",
    "5": "blink", "7": "reverse", "8": "conceal", "9": "strike",
    **{str(code): "foreground" for code in (*range(30, 38), *range(90, 98))},
    **{str(code): "background" for code in (*range(40, 48), *range(100, 108))},
}  # fmt: skip
OFF = {
    "22": ("bold", "dim"), "23": ("italic",), "24": ("underline",), "25": ("blink",), "27": ("reverse",),
    "28": ("conceal",), "29": ("strike",), "39": ("foreground",), "49": ("background",),
    **dict.fromkeys(("", "0"), tuple(_ATTRIBUTES.values())),
}  # fmt: skip


@lru_cache(maxsize=4096)
def changes(codes: str) -> list[tuple[str, str]] | None:
    """What a rendition's codes set, in order, or None if one of them is not known."""
    found = [(code, _attribute(code)) for code in _CODE.findall(codes)]
    known = ":" not in codes and all(code in OFF or attribute for code, attribute in found)
    return found if known else None


def _attribute(code: str) -> str:
    """What a code sets, empty for one that is not known."""
    if _COLOUR.fullmatch(code):
        return "foreground" if code[0] == "3" else "background"
    return _ATTRIBUTES.get(code, "")
