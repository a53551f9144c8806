"""What is wrong with a module is found when it is loaded."""

import pytest

from empath.errors import ConfigError
from empath.modules import Verdict
from empath.modules.loading import WantedModule, load_module

BACKEND = """
class Mine(Backend):
    mechanisms = frozenset({Mechanism.PLAIN})
    def __init__(self, word): self.word = word
    def check_password(self, name, password, peer):
        return Verdict.PROVED if password == self.word else Verdict.WRONG

@hookimpl
def login_backend(settings):
    return Mine(settings["word"])
"""


def test_a_function_names_the_arguments_that_it_wants(load):
    """
    A module written today goes on when a hook gets another argument.
    """
    module = load("@hookimpl\ndef rcpt(recipient): pass\n@hookimpl\ndef data(message, settings): pass")
    assert {"rcpt": ("recipient",), "data": ("message", "settings")} == {
        name: call.arguments for name, call in module.hooks.items()
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("@hookimpl\ndef rcpt(recipent): pass", r"hook rcpt has no argument recipent \(did you mean recipient\?\)"),
        ("@hookimpl\ndef rcptt(): pass", r"there is no hook rcptt \(did you mean rcpt\?\)"),
        ("def rcpt(recipient): pass", "has no hook"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("def (", "SyntaxError"),
        ("@hookimpl(wrapper=True)\ndef rcpt():\n  yield", "wrapper"),
        ("Settings = 3\n@hookimpl\ndef ended(): pass", "pydantic"),
    ],
)
def test_a_module_that_cannot_be_used_is_one_clear_line(load, source, words):
    """
    The line names the module and what is wrong; nothing of it reaches a client.
    """
    with pytest.raises(ConfigError, match=words) as caught:
        load(source)
    assert ("written_" in str(caught.value), 1) == (True, len(str(caught.value).splitlines()))


def test_a_missing_module_is_one_clear_line():
    """
    The most frequent mistake.
    """
    with pytest.raises(ConfigError, match=r"^module no\.such\.module is not where Python looks;.* PYTHONPATH"):
        load_module(WantedModule("no.such.module", 2.0, answers_451=True, own_settings={}))


MODEL = """
from pydantic import BaseModel, ConfigDict
class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    most: int
@hookimpl
def ended(settings): pass
"""


def test_a_module_reads_its_settings_by_its_own_model(load):
    """
    A misspelt setting is found before it is missed.
    """
    assert 3 == load(MODEL, most=3).settings.most
    for own, words in (({}, "most: Field required"), ({"most": 1, "moist": 2}, "moist: Extra")):
        with pytest.raises(ConfigError, match=words):
            load(MODEL, **own)


def test_a_module_may_be_a_back_end_of_logins(load):
    """
    It is made once, with the module's settings.
    """
    backend = load(BACKEND, word="pencil").login_backend()
    assert [Verdict.PROVED, Verdict.WRONG] == [backend.check_password("a", word, None) for word in ("pencil", "pen")]


@pytest.mark.parametrize(
    "source", ["@hookimpl\ndef ended(): pass", "@hookimpl\ndef login_backend(): return 3", BACKEND]
)
def test_a_module_without_a_back_end_is_one_clear_line(load, source):
    """
    Else logins would fail one by one.
    """
    with pytest.raises(ConfigError, match="login_backend"):
        load(source).login_backend()
