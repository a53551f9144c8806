"""The file /etc/resolv.conf as programs, DHCP and people write it: no line of it takes the name servers away."""

import os

import pytest

from empath.net.resolv_conf import ResolvConf, SystemServers

GOOD = b"nameserver 127.0.0.9\n"
ONE = SystemServers(("127.0.0.9",))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "resolv.conf"


@pytest.fixture
def conf(file):
    return ResolvConf(str(file))


@pytest.mark.parametrize(
    "line",
    [
        b"search corp..example",
        b"search " + b"a" * 64 + b".example",
        b"domain a..b",
        b"# M\xfcller",
        b"options ndots:x timeout:y attempts: \xff",
        b"sortlist 130.155.160.0/255.255.240.0",
        b"nameserver",
        b"nameserver localhost",
        b"nameserver [::1]:53",
        b"nameserver 127.0.0.1:53",
        b"nameserver 127.0.0.1%lo",
        b"nameserver fe80::1%\xff",
        b"nameserver fe80::1%\x1b",
        b"#nameserver 127.0.0.8",
        b"; nameserver 127.0.0.8",
        b"\0",
    ],
)
def test_a_line_that_means_nothing_here_is_ignored(file, conf, line):
    """
    The C library ignores it too, so all other programs of the host find their name servers.
    """
    file.write_bytes(line + b"\n" + GOOD)
    conf.follow()
    assert (ONE, "") == (conf.servers, conf.trouble)


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"nameserver 127.0.0.8 # ours", "127.0.0.8"),
        (b"nameserver\t127.0.0.8\r", "127.0.0.8"),
        (b"  nameserver 127.0.0.8", "127.0.0.8"),
        (b"nameserver fe80::1%eth0", "fe80::1%eth0"),
        (b"nameserver 2001:db8::1", "2001:db8::1"),
    ],
)
def test_name_servers_are_asked_in_the_order_of_the_file(file, conf, line, address):
    file.write_bytes(line + b"\n" + GOOD)
    conf.follow()
    assert SystemServers((address, "127.0.0.9")) == conf.servers


def test_rotation_is_the_only_option_that_counts(file, conf):
    """
    Times and tries are in the configuration of Empath.
    """
    file.write_bytes(GOOD + b"options edns0 timeout:1 rotate attempts:5\n")
    conf.follow()
    assert SystemServers(("127.0.0.9",), is_rotated=True) == conf.servers


@pytest.mark.parametrize("content", [b"# nothing yet\n", b"search example.org\n"])
def test_a_file_without_a_name_server_means_this_host(file, conf, content):
    """
    See resolv.conf(5).
    """
    file.write_bytes(content)
    conf.follow()
    assert (SystemServers(("127.0.0.1",)), "") == (conf.servers, conf.trouble)


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (None, "No such file or directory"),
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"nameserver localhost\n", "no nameserver line has an IP address"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(file, conf, content, trouble):
    """
    A program may be writing it. The name servers before it stay in use, and there is something to say.
    """
    file.write_bytes(GOOD)
    conf.follow()
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert (False, ONE, f"{file}: {trouble}") == (conf.follow(), conf.servers, conf.trouble)
    file.write_bytes(b"nameserver 127.0.0.10\n")
    assert (True, SystemServers(("127.0.0.10",)), "") == (conf.follow(), conf.servers, conf.trouble)


def test_a_file_that_has_not_changed_is_not_read(file, conf):
    """
    Each look-up follows the file.
    """
    file.write_bytes(GOOD)
    before = os.stat(file)
    assert [True, False] == [conf.follow(), conf.follow()]
    file.write_bytes(GOOD.replace(b"9", b"8"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (False, ONE) == (conf.follow(), conf.servers)


def test_the_servers_of_before_are_in_use_again_when_the_file_is_back(file, conf):
    """
    The same file, moved away and back, ends the trouble.
    """
    file.write_bytes(GOOD)
    conf.follow()
    away = file.rename(file.with_name("away"))
    conf.follow()
    away.rename(file)
    conf.follow()
    assert (ONE, "") == (conf.servers, conf.trouble)
