"""The Debian package: its scripts agree with the files for a host. `make deb-try` installs and purges it."""

import re
import shutil
import subprocess

import pytest

from tests.docs.pages import ROOT, text
from tests.host.kit import table

DEBIAN = ROOT / "packaging/debian"
SHELLCHECK = shutil.which("shellcheck")


def directories():
    """What the package makes: the directories with mode, user and group."""
    return set(
        re.findall(r"^ +make_directory (\d+) (\w+) (\w+) (\S+)$", text("packaging/debian/empath-mta.postinst"), re.M)
    )


def test_a_host_without_systemd_gets_the_same_directories():
    """
    /etc/empath is a directory of the package itself, and the start makes /run/empath.
    """
    made = {
        (mode, user, group, path) for kind, path, mode, user, group, _ in table("tmpfiles.d/empath.conf") if kind == "d"
    }
    assert {each for each in made if each[3] not in ("/etc/empath", "/run/empath")} == directories()


def test_a_purge_takes_all_of_them_away():
    """
    And only a purge does.
    """
    script = text("packaging/debian/empath-mta.postrm")
    [line] = re.findall(r"^    rm -rf (.+)$", script, re.MULTILINE)
    removed = line.split()
    assert [] == [path for *_, path in directories() if not any(path.startswith(each) for each in removed)]
    assert 'if [ "$1" = purge ]; then\n    rm' in script


def test_it_provides_what_other_packages_ask_for():
    """
    cron and others depend on a mail transfer agent, and there can be one /usr/sbin/sendmail.
    """
    control = text("packaging/debian/control")
    assert {"Provides", "Conflicts", "Replaces"} == set(
        re.findall(r"^(\w+): mail-transport-agent$", control, re.MULTILINE)
    )
    for name in ("sendmail", "mailq", "newaliases"):
        assert re.search(
            rf"ln -s \S+/empath-sendmail \$\(ROOT\)/usr/s?bin/{name}$", text("packaging/debian/rules"), re.M
        )


@pytest.mark.skipif(SHELLCHECK is None, reason="no shellcheck")
def test_the_scripts_are_sound():
    """
    They run as root on the hosts of others.
    """
    scripts = [DEBIAN / f"empath-mta.{name}" for name in ("postinst", "prerm", "postrm")]
    scripts += [DEBIAN / "build.sh", ROOT / "tests/packages/try_deb.sh", ROOT / "tests/smoke.sh"]
    command = [str(SHELLCHECK), "--severity=warning", *map(str, scripts)]
    assert "" == subprocess.run(command, capture_output=True, text=True, check=False).stdout
