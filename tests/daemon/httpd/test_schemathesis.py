"""
The API keeps to its own description: schemathesis makes requests from it, right and wrong ones.

`make properties` makes many more of them. What a right request means together is more than the schema says, as that an
order needs a filter or `all`: so a right request may get 400.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from empath.daemon.httpd.api.openapi import openapi
from empath.daemon.httpd.api.operation import PREFIX
from empath.daemon.httpd.api.operations import DESCRIBED
from tests.daemon.httpd.kit import HTTP, Web

TOKEN = {"Authorization": "Bearer secret of boss"}
OPERATIONS = [f"{each.method} {PREFIX}{each.path}" for each in DESCRIBED]
# A token beside the generated one is the rule here; see the head for the other.
LEFT_OUT = ("ignored_auth", "positive_data_acceptance")
# A further parameter without a value is wrong by the description, but nothing of it is in the request that is sent.
LEFT_OUT_OF_GET = (*LEFT_OUT, "negative_data_rejection")
LETTER = {"from": "app@example.org", "recipients": [{"to": "ann@a.example"}]}


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """The application, with mail in its queue."""
    made = Web(tmp_path_factory.mktemp("web"), HTTP)
    made.queue.accept("a.example", count=3)
    made.take_mail()
    made.add_token("boss", role="admin")
    yield made
    made.close()


@pytest.fixture(scope="module")
def schema(web):
    """The description, as schemathesis reads it."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    found = schemathesis.openapi.from_dict(openapi(DESCRIBED))
    found.app = web.app
    return found


_EXAMPLES = settings().max_examples // 3


@settings(suppress_health_check=[*HealthCheck], phases=[Phase.generate, Phase.shrink], max_examples=_EXAMPLES)
@given(data=st.data())
@pytest.mark.parametrize("label", OPERATIONS)
def test_each_answer_is_as_the_description_says(web, schema, label, data):
    """
    Its status, its type and its record; and what is wrong is refused and is no fault.
    """
    schemathesis = pytest.importorskip("schemathesis")
    method, _, path = label.partition(" ")
    operation = schema[path][method]
    case = data.draw(st.one_of([operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]))
    is_letter = path.endswith("/messages") and case.media_type == "application/json" and isinstance(case.body, dict)
    if is_letter and data.draw(st.booleans()):  # addresses that can be, so that mail is made of the rest
        case.body = {**case.body, **LETTER, "to": [], "cc": [], "bcc": []}
    answer = case.call(headers=TOKEN)
    left_out = LEFT_OUT_OF_GET if method == "GET" else LEFT_OUT
    case.validate_response(answer, excluded_checks=[schemathesis.checks.CHECKS.get_one(name) for name in left_out])
    assert [] == [each for each in web.reported if type(each).__name__ in ("RequestCrashed", "SessionCrashed")]
