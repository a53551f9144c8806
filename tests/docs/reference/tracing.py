"""tracing - the tables of docs/tracing.md, from the definition of spans and attributes"""

from empath.policy.tracing.spans import ATTRIBUTES, SPANS


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    spans = "\n".join(f"| `{each.name}` | {each.kind.name.lower()} | {each.text} |" for each in SPANS)
    attributes = "\n".join(
        f"| `{each.name}` | {'OpenTelemetry' if each.is_standard else 'Empath'} | {each.text} |" for each in ATTRIBUTES
    )
    return {
        "spans": f"| span | kind | from when to when |\n|---|---|---|\n{spans}",
        "attributes": f"| attribute | name by | meaning |\n|---|---|---|\n{attributes}",
    }
