"""A judgement for a person has the budget of a message that comes in."""

from ipaddress import ip_address

import pytest

from empath.authentication.disposition import Overrides
from empath.config.load import load_config
from empath.daemon.process.judgement import ALL_CHECKS, judge, origin_of, read_message, wanted_of
from empath.mail.address import ReversePath
from empath.mail.lookup import Absent
from tests.authentication.kit import MESSAGE
from tests.kit.process import configuration


@pytest.mark.parametrize(
    ("budget", "asked", "words"), [({"questions": 2}, 2, "too many questions"), ({"deadline_s": 0.0}, 0, "is over")]
)
def test_questions_beyond_the_budget_have_no_answer(tmp_path, budget, asked, words):
    """
    Names that lead to others must not keep a process, or a person, waiting.
    """
    (tmp_path / "empath.toml").write_text(configuration(2525))
    config = load_config(tmp_path / "empath.toml")
    config = config.model_copy(update={"authentication": config.authentication.model_copy(update=budget)})
    seen = []

    def ask(question, within_s):
        seen.append(question)
        return Absent("NXDOMAIN", 60.0)

    origin = origin_of(ip_address("192.0.2.1"), ReversePath.parse("joe@a.example"), "b.example")
    read = read_message([MESSAGE[:50], MESSAGE[50:]], wanted_of(ALL_CHECKS))
    found = judge(config, ALL_CHECKS, origin, read, ask=ask, overrides=Overrides(()))
    assert (asked, "temperror") == (len(seen), found.columns["dmarc"])
    assert words in found.records()[-1]["status"]
