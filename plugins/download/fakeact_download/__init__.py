"""Pretend to download a list of large files with wget2."""

from fakeact import Module, hookimpl
from fakeact_download.show import fetch


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    command = "until wget2 -ci urls.txt -T 10 -t 2; do sleep 5; done; sha256sum -c SHA256SUMS"
    return [Module("download", command, fetch)]
