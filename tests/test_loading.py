"""What a show computes with is imported without what it does not need, and numpy is afterwards as it was."""

import json
import subprocess
import sys
from contextlib import suppress
from types import ModuleType

import pytest

from fakeact.loading import load, only_what_is_there

SCIPY = """
import json, sys
import numpy
before = dir(numpy), numpy.__all__
from fakeact.loading import load
special = load("scipy.special")
needless = sorted({"numpy.f2py", "numpy.testing", "numpy.ma", "unittest", "email"} & set(sys.modules))
same = (dir(numpy), numpy.__all__) == before
from scipy._lib.array_api_compat import numpy as copy
print(json.dumps([needless, same, copy.ma is numpy.ma, round(special.ndtri(0.975), 6)]))
"""


def test_scipy_comes_without_all_of_numpy() -> None:
    """Only what is used is imported; numpy's lists are as they were, and scipy's copy finds what it left out."""
    run = subprocess.run([sys.executable, "-c", SCIPY], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == [[], True, True, 1.959964]


def test_a_module_names_only_what_is_there_for_a_while() -> None:
    module = ModuleType("lazy")
    vars(module).update(__all__=["here", "later"], __getattr__=lambda name: name, here=1)
    before = dict(vars(module))
    with suppress(ImportError), only_what_is_there(module):
        assert module.__all__ == ["here"]
        assert "later" not in dir(module)
        raise ImportError
    assert vars(module) == before


@pytest.mark.parametrize("name", ["fakeact_no_such_module", "scipy.no_such_module"])
def test_what_is_not_there_is_said_as_python_says_it(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=name):
        load(name)
