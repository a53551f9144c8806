"""doctor_milter - whether each filter of [[milter]] answers, and what it wants to do"""

from collections.abc import Iterator
from typing import Final

from empath.config import Config
from empath.config.tables.milter import Milter
from empath.errors import SyntaxViolation
from empath.net.milter_probe import agreement_with
from empath.policy.health import Diagnosis, Level
from empath.smtp.milter.agreement import Agreement
from empath.smtp.milter.flags import Action

_SUBJECT: Final = "milter"
_WORDS: Final = {
    Action.ADD_FIELDS: "add fields",
    Action.CHANGE_FIELDS: "change fields",
    Action.CHANGE_BODY: "change the body",
    Action.CHANGE_SENDER: "change the sender",
    Action.ADD_RECIPIENTS: "add recipients",
    Action.DELETE_RECIPIENTS: "delete recipients",
    Action.QUARANTINE: "quarantine",
}


def diagnose_milters(config: Config) -> Iterator[Diagnosis]:
    """Connect to each filter of *config*, agree with it, and send no mail."""
    for milter in config.milters:
        try:
            agreement = agreement_with(milter.address, milter.connect_timeout_s)
        except OSError as exc:
            why = (exc.strerror or str(exc)).lower()
            yield _wrong(milter, f"{milter.name} cannot be reached: {why}", "start the filter, or correct address")
        except SyntaxViolation as exc:
            words = f"{milter.name} does not speak the milter protocol: {exc}"
            yield _wrong(milter, words, "correct address: the filter may have another port for it")
        else:
            yield Diagnosis(_SUBJECT, Level.OK, f"{milter.name} answers: {_described(agreement)}")


def _wrong(milter: Milter, found: str, remedy: str) -> Diagnosis:
    if milter.on_failure == "tempfail":
        return Diagnosis(_SUBJECT, Level.ERROR, f"{found}; its mail is put off", remedy)
    return Diagnosis(_SUBJECT, Level.WARNING, f"{found}; mail passes without it", remedy)


def _described(agreement: Agreement) -> str:
    wishes = [words for action, words in _WORDS.items() if action in agreement.actions]
    return f"version {agreement.version}, may {', '.join(wishes) or 'only judge'}"
