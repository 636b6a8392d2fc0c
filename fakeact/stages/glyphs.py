"""Blocks, boxes and braille for terminals that have only ASCII: each as one character of the same width."""

import unicodedata

_FORMS = {
    "─━═╌╍┄┅┈┉╴╶╸╺": "-",
    "│┃║╎╏┆┇┊┋": "|",
    "┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╒╕╘╛╞╡╤╧╪╭╮╰╯┏┓┗┛┣┫┳┻╋╀╂": "+",
    "█▓▇▉■●◼⬢": "#",
    "▆▅▊▋▒▀▄▌": "=",
    "▃▂▁▍▎▏░": "-",
    "▐▕": "|",
    "◯○□◻⬡": "o",
    "▶►▸→⇒➜➤»›❯": ">",
    "◀◂←⇐«‹": "<",
    "▲▴↑⇑": "^",
    "▼▾↓⇓": "v",
    "✓✔√": "+",
    "✗✘✖×": "x",
    "•·∙⋅◆★☆⭐": "*",
    "…": ".",
    "–—−": "-",
    "°": "o",
    "µμ": "u",
    "±": "~",
    "‘’": "'",
    "“”": '"',
    "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏⣾⣽⣻⢿⡿⣟⣯⣷": "*",
}
ASCII_FORMS = str.maketrans({glyph: form for glyphs, form in _FORMS.items() for glyph in glyphs})


def encodable(text: str, encoding: str) -> str:
    """Text with what an encoding lacks in its ASCII form, or as a question mark.

    >>> encodable("50%|█████     | 63°C ✓ Grün", "ascii")
    '50%|#####     | 63oC + Grun'
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_form(character, encoding) for character in text)
    return text


def _form(character: str, encoding: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character)[0]
    for form in (character, character.translate(ASCII_FORMS), decomposed):
        try:
            form.encode(encoding)
        except UnicodeEncodeError:
            continue
        return form
    wide = unicodedata.east_asian_width(character) in "WF"
    return "" if unicodedata.combining(character) else "??" if wide else "?"
