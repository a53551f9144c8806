"""Modules that a test writes."""

import itertools
import sys
import textwrap

import pytest

from empath.modules.loading import WantedModule, load_module

_NUMBERS = itertools.count(1)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a module from its source."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    names = []

    def make(source, *, deadline_s=5.0, answers_451=True, **own):
        names.append(f"written_{next(_NUMBERS)}")
        (folder / f"{names[-1]}.py").write_text(f"from empath.modules import *\n{textwrap.dedent(source)}")
        return load_module(WantedModule(names[-1], deadline_s, answers_451, own))

    yield make
    for name in names:
        sys.modules.pop(name, None)
