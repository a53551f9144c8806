"""outbox - the tables of docs/events.md, from the types of events"""

from collections.abc import Mapping

from empath.policy.events.types import COMMON, GAP, MEMBERS, TYPES, EventType


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    types = "\n".join(_row(each) for each in (*TYPES, GAP))
    return {
        "events": f"Every event has these members, as far as they apply:\n\n{_table(COMMON)}\n\n"
        f"### Types\n\n| type | what happened | members |\n|---|---|---|\n{types}\n\n"
        f"### Members of types\n\n{_table(MEMBERS)}"
    }


def _table(members: Mapping[str, str]) -> str:
    rows = "\n".join(f"| `{name}` | {text} |" for name, text in members.items())
    return f"| member | meaning |\n|---|---|\n{rows}"


def _row(each: EventType) -> str:
    return f"| `{each.name}` | {each.text} | {', '.join(f'`{name}`' for name in each.members)} |"
