"""What wget2 says in lines; the same with rows below them and in a file."""

from fakeact_download.events import Added, Complete, Event, Response, Saving, Short, Unexpected


def line(event: Event) -> str:
    """The line that tells of an event; empty where none does."""
    text = ""
    match event:
        case Saving(name):
            text = f"Saving '{name}'"
        case Short(got, size, url):
            text = f"Just got {got} of {size} bytes ({url})"
        case Response(code, reason, url):
            text = f"HTTP {'ERROR ' if 400 <= code < 600 else ''}response {code} {reason} [{url}]"
        case Unexpected(length):
            text = f"Unexpected body length {length}."
        case Added(url):
            text = f"Adding URL: {url}"
        case Complete():
            text = "The file is already fully retrieved; nothing to do."
    return text
