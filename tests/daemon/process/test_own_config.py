"""The configuration that the template reads once for all children."""

import os
from collections.abc import Iterator

import pytest

from empath.config.revision import revision_text
from empath.daemon.process.child import CONFIG, ENVIRONMENT, Child
from empath.daemon.process.fork_request import ForkRequest
from empath.daemon.process.own_config import own_config, own_text
from empath.daemon.template.read_ahead import read_ahead
from tests.kit.process import configuration

FILE = "/etc/empath/empath.toml"


@pytest.fixture
def reading() -> Iterator[int]:
    """A file in memory, as the supervisor makes one at each reading."""
    fd = _reading(configuration(2525))
    yield fd
    os.close(fd)


def _reading(text: str) -> int:
    fd = os.memfd_create("config")
    os.write(fd, text.encode())
    return fd


def _request(number: int) -> ForkRequest:
    child = Child("worker-1", 1, "01", (), (), number, 51, 52, 53, 54, None, None, None)
    return ForkRequest("worker", {CONFIG: FILE, ENVIRONMENT: child.to_json()}, (0, 1, 2, *child.fds))


def _received(request: ForkRequest, number: int, fd: int) -> list[int]:
    return [fd if each == number else -1 for each in request.fds]


def test_a_child_finds_the_configuration_that_the_template_has_read(reading):
    """
    The descriptor has another number in the template.
    """
    request = _request(50)
    read_ahead(request, _received(request, 50, reading))
    config = own_config(reading, FILE)
    assert config is own_config(reading, FILE)
    os.ftruncate(reading, 0)
    os.pwrite(reading, configuration(2526).encode(), 0)
    assert config is not own_config(reading, FILE)


def test_a_reload_is_read_anew(reading):
    """
    Each reading is a file of its own, even of the same text.
    """
    config = own_config(reading, FILE)
    again = _reading(configuration(2525))
    assert config is not own_config(again, FILE)
    os.close(again)


@pytest.mark.parametrize("text", ["hostname = ", f"# {'x' * 65_536}\n{configuration(2525)}"])
def test_what_cannot_be_read_ahead_is_left_to_the_child(text, reading):
    """
    The template lives on, and keeps what it has; a large file would make the supervisor wait.
    """
    config = own_config(reading, FILE)
    other = _reading(text)
    request = _request(50)
    read_ahead(request, _received(request, 50, other))
    assert config is own_config(reading, FILE)
    os.close(other)


def test_the_text_of_a_configuration_is_kept_with_it(reading):
    """
    It goes into the queue when a process registers; that of another configuration is written then.
    """
    config = own_config(reading, FILE)
    assert revision_text(config) == own_text(config)
    assert own_text(config) is own_text(config)
    other = config.model_copy(update={"hostname": "other.test"})
    assert revision_text(other) == own_text(other)
