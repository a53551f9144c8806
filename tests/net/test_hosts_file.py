"""Names in /etc/hosts."""

import pytest

from empath.mail.lookup import Absent, Addresses, Kind, Question
from empath.net.hosts_file import HostsFile

TEXT = """\
# who is who
127.0.0.1 localhost
192.0.2.1\tA.Test. a # the first
nonsense b.test
2001:DB8::1 a.test

192.0.2.2 a.test a.test
"""


def addresses(file, name):
    """The file's addresses of each family."""
    return file.look_up([Question(name, Kind.A), Question(name, Kind.AAAA)])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.test", [Addresses(("192.0.2.1", "192.0.2.2"), 5.0), Addresses(("2001:db8::1",), 5.0)]),
        ("a", [Addresses(("192.0.2.1",), 5.0), Absent("NODATA", 5.0)]),
        ("b.test", []),
        ("x.localhost", [Addresses(("127.0.0.1",), 5.0), Addresses(("::1",), 5.0)]),
    ],
)
def test_a_name_has_the_addresses_of_all_its_lines(tmp_path, name, expected):
    """
    hosts(5): names in any case, comments, several names on a line.
    """
    (tmp_path / "hosts").write_text(TEXT)
    assert expected == addresses(HostsFile(str(tmp_path / "hosts")), name)


def test_the_file_is_read_again_when_it_changes(tmp_path):
    """
    A worker runs for months.
    """
    path = tmp_path / "hosts"
    file = HostsFile(str(path))
    seen = [addresses(file, "a.test")]
    for address in ("192.0.2.1", "192.0.2.33"):
        path.write_text(f"{address} a.test\n")
        seen.append(addresses(file, "a.test"))
    path.unlink()
    seen.append(addresses(file, "a.test"))
    absent = Absent("NODATA", 5.0)
    known = [[Addresses((address,), 5.0), absent] for address in ("192.0.2.1", "192.0.2.33")]
    assert [[], *known, []] == seen
