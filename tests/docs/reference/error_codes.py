"""error_codes - the pages of docs/error-codes.md, from empath/config/refusals.txt"""

from itertools import groupby

from empath.config.refusals import AREAS, OF_REQUESTS, Refusal, refusals

_ABOUT = {
    "VALUE": "A value that has not its form, in a configuration, an option or a request.",
    "MODULE": "A module of an operator. Exit code 78.",
    OF_REQUESTS: "A request over HTTP: of the API, or a form of the console.",
    "COMMAND": "The command line.",
    "DATA": "The queue is of another version or program, or a statement was refused.",
    "MISSING": "Something that was named is not there.",
    "RUN": "Something that is needed does not answer.",
    "FAULT": "A defect of Empath.",
    "CREATE": "Something cannot be made.",
    "DISK": "A disk or the database failed.",
    "BUSY": "Another process holds what is needed.",
    "RIGHT": "A right is missing, or an owner or mode is unsafe.",
    "CONFIG": "The configuration, or a file that it names.",
}


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    by_area = groupby(refusals().values(), lambda each: each.code[2:-4])
    return {"codes": "\n\n".join(_section(area, [*pages]) for area, pages in by_area)}


def _section(area: str, pages: list[Refusal]) -> str:
    exits = {name: code for code, name in AREAS.items()}
    ends = f" Exit code {exits[area]}." if area in exits else ""
    return "\n\n".join([f"## E-{area}", f"{_ABOUT[area]}{ends}", *map(_page, pages)])


def _page(each: Refusal) -> str:
    said = "\n".join(f"- {sentence}" for sentence in map(_shown, each.sentences))
    return f"### {each.code}\n\n{said}\n\n{each.why} {each.remedy}"


def _shown(sentence: str) -> str:
    """As Markdown: code keeps what it has, text is not read as a link, a tag or stress."""
    fence = "``" if "`" in sentence else "`"
    pad = " " if sentence.startswith("`") or sentence.endswith("`") else ""
    return f"{fence}{pad}{sentence}{pad}{fence}"
