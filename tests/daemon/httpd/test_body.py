"""The body of a request that ends early."""

from types import SimpleNamespace
from typing import Any

import pytest

from empath.daemon.httpd.body import read_body
from empath.daemon.httpd.problems import Problem


@pytest.mark.parametrize("error", [OSError("unexpected end of file"), TimeoutError()])
def test_a_body_that_does_not_come_is_the_fault_of_the_client(error):
    """
    It is no fault of Empath, and no line of the log: any client could fill it.
    """

    def read(_size):
        raise error

    request: Any = SimpleNamespace(bounded_stream=SimpleNamespace(read=read))
    with pytest.raises(Problem) as raised:
        read_body(request, 10)
    assert 400 == raised.value.status_code
