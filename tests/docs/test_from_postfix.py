"""docs/FROM_POSTFIX.md: the commands on the right of its tables are there, and import-postfix knows the settings."""

import re

from empath.cli.admin.__main__ import admin
from empath.cli.empathd import empathd
from empath.config.postfix.settings import COUNTERPARTS
from tests.config.postfix.test_translate import SHAPES
from tests.docs.pages import ROOT, rows, text

PAGE = "docs/FROM_POSTFIX.md"
_BUILT = {"smtpd_recipient_restrictions"}  # smtpd_STAGE_restrictions


def test_the_commands_are_there():
    """
    A newcomer types them.
    """
    page = text(PAGE)
    for name, group in (("empath-admin", admin), ("empathd", empathd)):
        verbs = set(re.findall(rf"`{name} (?:-c \S+ )?([a-z-]+)", page))
        assert set() == verbs - set(group.commands)


def test_import_postfix_knows_the_settings_of_the_table():
    """
    What the page says has a counterpart is no surprise in the list of what has none.
    """
    source = "".join(each.read_text() for each in (ROOT / "empath/config/postfix").glob("*.py"))
    table = [row[0] for row in rows(PAGE) if len(row) == 2 and "_" in row[0]]
    of_postfix = table[: next(place for place, cell in enumerate(table) if "primary_hostname" in cell)]
    named = {name for cell in of_postfix for name in re.findall(r"`([a-z]+(?:_[a-zA-Z0-9]+)+)", cell)}
    assert len(named) > 30
    assert [] == sorted(name for name in named - _BUILT if name not in COUNTERPARTS and f'"{name}"' not in source)
    assert 12 == len([*SHAPES.iterdir()])
