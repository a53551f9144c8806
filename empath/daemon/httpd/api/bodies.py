"""bodies - the JSON of a request as its model has it, or the sentence that says what is wrong"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from empath.daemon.httpd.problems import Problem

M = TypeVar("M", bound=BaseModel)
_MOST_ERRORS = 20
_NOT_JSON = "json_invalid"


def read_model(model: type[M], octets: bytes) -> M:
    """
    What *octets* say.

    Raises:
        Problem: they are not JSON, or not what *model* wants.
    """
    try:
        return model.model_validate_json(octets)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_context=False, include_input=False)[:_MOST_ERRORS]
        if found[0]["type"] == _NOT_JSON:
            raise Problem(400, "the body is not JSON") from exc
        errors = [{"at": ".".join(map(str, each["loc"])), "error": each["msg"]} for each in found]
        words = f"{errors[0]['at']}: {errors[0]['error']}" if errors[0]["at"] else str(errors[0]["error"])
        raise Problem(400, words, errors=errors) from exc
