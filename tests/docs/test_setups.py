"""Each setup of docs/SETUPS.md passes `check`, and does what its heading says."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from empath.cli import common
from empath.cli.empathd import empathd
from empath.config import load_config
from empath.mail.domain import Domain
from empath.policy.router import SentBy
from tests.docs.pages import blocks, text
from tests.docs.placed import here, make_files

PAGE = "docs/SETUPS.md"
FIRST, *SETUPS = blocks(PAGE, "toml")
HEADINGS = [heading for heading in re.findall(r"^## (.+)$", text(PAGE), re.MULTILINE) if not heading.startswith("The ")]
# Where mail to somebody@example.com goes, by setup, if not to the hosts of that domain.
LEADS_TO = {
    "Smarthost with a login": "smtp:relay.example.net:587",
    "Backup relay": "smtp:relay1.example.net:25,smtp:relay2.example.net:25",
}
# What holds of a destination, by setup.
HOLDS = {
    "Smarthost with a login": ("smtp:relay.example.net:587", "tls", "verify"),
    "Backup relay": ("smtp:relay1.example.net:25,smtp:relay2.example.net:25", "concurrency", "10"),
    "Rate for one domain": ("example.com", "rate", "100/1m"),
    "Business hours": ("example.com", "schedule", "Mon Tue Wed Thu Fri 08:00-18:00 Europe/Berlin"),
    "Two source addresses": ("example.com", "source", "both"),
}


@pytest.fixture
def root() -> Iterator[Path]:
    """Stands for the root of the file system; short, because a path of a socket is."""
    with tempfile.TemporaryDirectory(prefix="setup-") as directory:
        yield Path(directory)


def typed(setup: str) -> str:
    """The whole file, as the page says to make it."""
    return f"{FIRST}\n{setup}"


@pytest.mark.parametrize("setup", SETUPS, ids=HEADINGS)
def test_each_setup_has_no_findings(setup, root):
    """
    A person copies it and expects it to be right; a warning would be read as a mistake.
    """
    file = root / "empath.toml"
    file.write_text(here(typed(setup), root))
    with ExitStack() as stack:
        make_files(file.read_text(), root, stack)
        with CliRunner(env={"EMPATH_CONFIG": None}).isolation() as (_, err, _):
            code = common.run(empathd, "empathd", ["-c", str(file), "check"])
            assert (0, f"empathd: {file}: no findings\n") == (code, err.getvalue().decode())


@pytest.mark.parametrize(("heading", "setup"), [*zip(HEADINGS, SETUPS, strict=True)], ids=HEADINGS)
def test_each_setup_does_what_its_heading_says(heading, setup, tmp_path):
    """
    The file may be valid and send the mail elsewhere.
    """
    file = tmp_path / "empath.toml"
    file.write_text(typed(setup))
    config = load_config(file)
    decision = config.router.decide("somebody@example.com", Domain("example.com"), SentBy())
    assert LEADS_TO.get(heading, "example.com") == decision.destination("example.com")
    for domain in config.relay.domains:
        own = config.router.decide_for_domain(Domain(domain.text))
        assert own.destination(domain.text) != domain.text
    if heading in HOLDS:
        destination, setting, value = HOLDS[heading]
        found = {each.setting: each.value for each in config.rule_book().explain(destination)}
        assert value == found[setting]


def test_the_page_names_every_setup():
    """
    The table at the top is how a reader finds one.
    """
    table = text(PAGE).partition("## The first part")[0]
    anchors = [heading.lower().replace(" ", "-") for heading in HEADINGS]
    assert [] == [anchor for anchor in anchors if f"(#{anchor})" not in table]
