"""The catalogue of events is what the code logs and what the documentation says."""

import ast
from pathlib import Path

from empath.mail.status import FATES
from empath.telemetry import events

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def _logged() -> set[str]:
    """Constant first arguments of `….log.info(…)`, `log.warning(…)` and the like; fates are logged by their name."""
    found = set()
    for file in (ROOT / "empath").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=target, attr=level), args=[ast.Constant(value=str(name)), *_]):
                    text = ast.unparse(target)
                    if level in LEVELS and (text.endswith("log") or text.startswith("log.get(")):
                        found.add(name)
    return found


def test_every_event_that_is_logged_is_in_the_catalogue_and_the_reverse():
    """
    Event names are an interface: people grep for them and alert on them.
    """
    assert sorted(events.names()) == sorted(_logged() | FATES)


def test_the_documentation_lists_the_catalogue():
    """
    `make reference` was run.
    """
    page = (ROOT / "docs/logging.md").read_text()
    assert events.renewed(page) == page
    assert events.tables() in page
