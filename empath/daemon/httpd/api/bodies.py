"""bodies - the JSON of a request as its model has it, or the sentence that says what is wrong"""

import re
from itertools import islice
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from empath.daemon.httpd.problems import Problem

M = TypeVar("M", bound=BaseModel)
_MOST_ERRORS: Final = 20
_NOT_JSON: Final = "json_invalid"
# Of this many, checks take a second. A request of 1,000 recipients with 200 variables each has fewer.
_MOST_SIGNS: Final = 1_000_000
_SIGN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,:\[{]', re.DOTALL)  # a string is one, whatever is in it
_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def read_model(model: type[M], octets: bytes) -> M:
    """
    What *octets* say.

    Raises:
        Problem: they are not JSON, or not what *model* wants, or have so many values that checks would take long.
    """
    if len(octets) > _MOST_SIGNS and next(islice(_SIGN.finditer(octets), _MOST_SIGNS, None), None) is not None:
        raise Problem(413, "the body has too many values")
    try:
        return model.model_validate_json(octets)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_context=False, include_input=False)[:_MOST_ERRORS]
        if found[0]["type"] == _NOT_JSON:
            raise Problem(400, "the body is not JSON") from exc
        errors = [
            {"at": ".".join(map(str, each["loc"])), "error": _WORDS.get(each["type"], each["msg"])} for each in found
        ]
        words = f"{errors[0]['at'] or 'the body'}: {errors[0]['error']}"
        raise Problem(400, words, errors=errors) from exc
