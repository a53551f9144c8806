"""The code in MODULES.md."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "MODULES.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("source", BLOCKS)
def test_each_module_of_the_page_can_be_loaded(load, source):
    """
    A newcomer copies them.
    """
    assert load(source).hooks
