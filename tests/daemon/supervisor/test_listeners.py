"""Binding: options, refusals, and the sockets that a reload keeps."""

import os
import socket
from pathlib import Path

import pytest

from empath.config.tables.receiving import Listener
from empath.daemon.supervisor import listeners
from empath.errors import PermissionRefused, ServiceUnavailable
from tests.kit.process import free_port


def _listener(address: str) -> Listener:
    return Listener(address=address)


def test_listening_sockets_have_their_options():
    """
    TCP_NODELAY is inherited by accepted sockets, V6ONLY leaves IPv4 to its own listener.
    """
    port = free_port()
    bound = listeners.bind([_listener(f"127.0.0.1:{port}"), _listener(f"[::1]:{port}")])
    four, six = (item.socket for item in bound)
    assert [1, 1] == [item.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for item in (four, six)]
    assert 1 == six.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    assert 1 == four.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    assert [False, False] == [item.getblocking() for item in (four, six)]
    assert [False, False] == [item.get_inheritable() for item in (four, six)]
    listeners.close(bound)


def test_all_addresses_of_both_families_can_be_bound_side_by_side():
    """
    Most hosts have such a pair of listeners.
    """
    port = free_port()
    listeners.close(listeners.bind([_listener(f"0.0.0.0:{port}"), _listener(f"[::]:{port}")]))


def test_a_reload_keeps_the_sockets_of_addresses_that_stay():
    """
    Connections in the backlog are not lost.
    """
    stays, goes, comes = (f"127.0.0.1:{free_port()}" for _ in range(3))
    old = listeners.bind([_listener(stays), _listener(goes)])
    new = listeners.bind([_listener(comes), _listener(stays)], old)
    assert old[0].socket is new[1].socket
    listeners.close(old, keep=[item.socket for item in new])
    assert [False, True] == [item.socket.fileno() < 0 for item in old]
    listeners.close(new)


def test_all_addresses_are_bound_or_none():
    """
    If one address fails, the sockets bound before it are closed, and those of a running instance stay.
    """
    kept, made, taken = free_port(), free_port(), free_port()
    old = listeners.bind([_listener(f"127.0.0.1:{kept}")])
    with socket.create_server(("127.0.0.1", taken)), pytest.raises(ServiceUnavailable) as caught:
        listeners.bind([_listener(f"127.0.0.1:{port}") for port in (kept, made, taken)], old)
    assert f"cannot listen on 127.0.0.1:{taken}: the address is in use by another process" == str(caught.value)
    with socket.create_server(("127.0.0.1", made)):
        pass
    assert old[0].socket.fileno() >= 0
    listeners.close(old)


@pytest.mark.parametrize("address", ["192.0.2.1:2525", "[2001:db8::1]:2525"])
def test_an_address_of_another_machine_is_named(address):
    """
    No machine has an address of TEST-NET or of the documentation network.
    """
    with pytest.raises(ServiceUnavailable) as caught:
        listeners.bind([_listener(address)])
    assert f"cannot listen on {address}: no interface of this machine has that address" == str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give up root")
def test_a_low_port_without_root_is_a_matter_of_permission():
    """
    The exit code is EX_NOPERM, and the line says what to do.
    """
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setresuid(65534, 65534, 65534)
        try:
            listeners.bind([_listener("127.0.0.1:24")])
        except PermissionRefused as error:
            os.write(write_fd, str(error).encode())
        os._exit(0)
    os.close(write_fd)
    os.waitpid(pid, 0)
    with os.fdopen(read_fd) as file:
        said = file.read()
    start = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    is_free_for_all = start.exists() and int(start.read_text()) <= 24
    expected = "" if is_free_for_all else "cannot listen on 127.0.0.1:24: ports below 1024 need root"
    assert expected == said


def _unix(path: Path, mode: str = "0600") -> Listener:
    return Listener(address=f"unix:{path}", socket_mode=mode)


def test_the_file_of_a_unix_socket_lives_as_long_as_its_listener(tmp_path):
    """
    A file that a crash left behind must not prevent the next start.
    """
    path = tmp_path / "lmtp"
    abandoned = socket.socket(socket.AF_UNIX)
    abandoned.bind(str(path))
    abandoned.close()
    bound = listeners.bind([_unix(path)])
    assert 0o600 == path.stat().st_mode & 0o777
    again = listeners.bind([_unix(path, "0666")], bound)
    assert (bound[0].socket, 0o666) == (again[0].socket, path.stat().st_mode & 0o777)
    listeners.close(again)
    assert not path.exists()


def test_a_unix_socket_that_cannot_be_bound_has_its_reason(tmp_path):
    """
    The file of another program is never removed.
    """
    path = tmp_path / "lmtp"
    other = socket.socket(socket.AF_UNIX)
    other.bind(str(path))
    other.listen()
    with pytest.raises(ServiceUnavailable, match=f"unix:{path}: the address is in use"):
        listeners.bind([_unix(path)])
    other.close()
    path.unlink()
    path.write_text("mail")
    with pytest.raises(ServiceUnavailable, match="a file that is not a socket"):
        listeners.bind([_unix(path)])
    assert "mail" == path.read_text()
    with pytest.raises(ServiceUnavailable, match="its directory does not exist"):
        listeners.bind([_unix(tmp_path / "missing" / "lmtp")])


def test_an_address_of_the_own_instance_is_no_obstacle_to_its_restart():
    """
    Any other program that has it would make the start after the stop fail.
    """
    wanted = [_listener(f"127.0.0.1:{free_port()}")]
    listeners.check(wanted, [])
    bound = listeners.bind(wanted)

    listeners.check(wanted, [os.getpid()])
    with pytest.raises(ServiceUnavailable, match="the address is in use by another process"):
        listeners.check(wanted, [])
    listeners.close(bound)
    with pytest.raises(ServiceUnavailable, match="no interface of this machine has that address"):
        listeners.check([_listener("192.0.2.1:2525")], [])


def test_an_address_of_another_family_is_no_obstacle():
    """
    IPv6 is found in a table of its own.
    """
    port = free_port()
    bound = listeners.bind([_listener(f"[::1]:{port}")])
    listeners.check([_listener(f"127.0.0.1:{port}")], [])
    with pytest.raises(ServiceUnavailable, match="in use by another process"):
        listeners.check([_listener(f"[::]:{port}")], [])
    listeners.check([_listener(f"[::]:{port}")], [os.getpid()])
    listeners.close(bound)
