"""Every benchmark starts with what `make install` installs; what trains the models needs more."""

import importlib
from pathlib import Path

import pytest

import benchmarks

FOLDER = Path(*benchmarks.__path__)
MODULES = [".".join(p.relative_to(FOLDER.parent).with_suffix("").parts) for p in sorted(FOLDER.glob("*.py"))]


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_needs_nothing_that_is_not_installed(name: str) -> None:
    assert importlib.import_module(name).__doc__
