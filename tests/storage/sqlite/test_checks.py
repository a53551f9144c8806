"""test_checks - suitable and unsuitable places for a queue"""

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from empath.errors import CannotCreate, ConfigError, PermissionRefused
from empath.storage.place import network_file_system, place_errors
from empath.storage.sqlite.checks import check_queue
from empath.storage.sqlite.schema import prepare

pytestmark = pytest.mark.on_disk

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
NOBODY = pwd.getpwnam("nobody")
MOUNTS = r"""
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:40 / /srv rw - nfs4 filer:/srv rw
24 23 254:2 / /srv/local\040disk rw master:1 propagate_from:2 - xfs /dev/vdb rw
25 22 0:41 / /auto rw - autofs systemd-1 rw
26 25 0:42 / /auto rw - cifs //filer/auto rw
27 22 0:43 / /höhle rw - fuse.sshfs host: rw
""".strip()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "empath"
    folder.mkdir(mode=0o750)
    return folder / "queue.db"


def test_fit_place_gets_a_queue_and_a_spool(place: Path) -> None:
    """
    A first start needs no other command, and a second start changes nothing.
    """
    for _ in range(2):
        check_queue(place)

    assert ["queue.db", "spool"] == sorted(file.name for file in place.parent.iterdir())
    assert 0o750 == (place.parent / "spool").stat().st_mode & 0o7777


def test_missing_directory_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    """
    The check makes no directory: it could hide a disk that is not mounted.
    """
    with pytest.raises(CannotCreate, match=r"mkdir -p -m 750 .*/none"):
        check_queue(tmp_path / "none/queue.db")

    assert not (tmp_path / "none").exists()


def test_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    """
    The error says what is wrong, not errno.
    """
    (tmp_path / "file").touch()

    with pytest.raises(CannotCreate, match="not a directory"):
        check_queue(tmp_path / "file/queue.db")


def test_loop_of_links_is_refused(tmp_path: Path) -> None:
    """
    The check must end.
    """
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(CannotCreate):
        check_queue(tmp_path / "loop/queue.db")


def test_directory_that_every_user_may_write_is_refused(place: Path) -> None:
    """
    Any user could replace the queue there.
    """
    place.parent.chmod(0o757)

    with pytest.raises(PermissionRefused, match="use one that is"):
        check_queue(place)

    assert not place.exists()


@pytest.mark.parametrize("name", ["queue.db", "queue.db-wal", "queue.db-shm", "spool"])
def test_part_of_the_queue_that_every_user_may_write_is_refused(place: Path, name: str) -> None:
    """
    A user that can write the log can write the queue.
    """
    prepare(place)
    part = place.with_name(name)
    part.mkdir() if name == "spool" else part.touch()
    part.chmod(0o777)

    with pytest.raises(PermissionRefused, match=name):
        check_queue(place)


@as_root
@pytest.mark.parametrize("name", [".", "queue.db", "spool"])
def test_part_of_the_queue_that_belongs_to_a_stranger_is_refused(place: Path, name: str) -> None:
    """
    Its owner could change what Empath trusts.
    """
    prepare(place)
    part = place.parent / name
    if name == "spool":
        part.mkdir()
    os.chown(part, 12345, -1)

    with pytest.raises(PermissionRefused, match="belongs to user 12345"):
        check_queue(place)


@as_root
def test_root_gives_the_queue_to_the_user_it_will_run_as(place: Path) -> None:
    """
    The processes drop their privileges before they open it.
    """
    os.chown(place.parent, NOBODY.pw_uid, NOBODY.pw_gid)

    check_queue(place, "nobody")

    parts = [place, place.parent / "spool"]
    assert [(NOBODY.pw_uid, NOBODY.pw_gid)] * 2 == [(part.stat().st_uid, part.stat().st_gid) for part in parts]


@as_root
def test_directory_that_the_user_cannot_write_is_refused(place: Path) -> None:
    """
    The check finds it before the start and names the remedy, so that no child fails.
    """
    with pytest.raises(CannotCreate, match="user nobody may not write"):
        check_queue(place, "nobody")

    os.chown(place.parent, 0, NOBODY.pw_gid)
    place.parent.chmod(0o770)
    check_queue(place, "nobody")


@as_root
def test_root_gives_away_nothing_that_a_link_leads_to(place: Path, tmp_path: Path) -> None:
    """
    The user owns the directory: a link there must not make root give that user other files.
    """
    treasure = tmp_path / "treasure"
    treasure.mkdir(mode=0o755)
    os.chown(place.parent, NOBODY.pw_uid, NOBODY.pw_gid)
    (place.parent / "spool").symlink_to(treasure)

    check_queue(place, "nobody")

    assert 0 == treasure.stat().st_uid


@as_root
def test_a_start_opens_the_directories_of_content_for_the_user(place: Path) -> None:
    """
    A restore by root leaves them closed, and large mail would get 451 by the directory that its id leads to.
    """
    check_queue(place)
    folders = [place.parent / "spool", place.parent / "spool/M2", place.parent / "spool/Z9"]
    for folder in folders[1:]:
        folder.mkdir(mode=0o500)
    os.chown(place.parent, NOBODY.pw_uid, NOBODY.pw_gid)
    mend = f"run `chown -R nobody {folders[0]} && chmod -R u+rwX {folders[0]}`"
    closed = f"{folders[0]}: user nobody may not write this directory and 2 more in {folders[0]}; {mend}"
    assert [closed] == [str(error) for error in place_errors(place, "nobody")]

    check_queue(place, "nobody")

    assert [NOBODY.pw_uid] * 3 == [folder.stat().st_uid for folder in folders]
    assert [0o750, 0o700, 0o700] == [folder.stat().st_mode & 0o7777 for folder in folders]
    assert [] == place_errors(place, "nobody")


@as_root
def test_directories_of_content_that_stay_closed_are_named() -> None:
    """
    The user itself may not take what is root's, and most mail still finds an open directory.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "queue.db"
        os.chown(name, NOBODY.pw_uid, NOBODY.pw_gid)
        check_queue(place, "nobody")
        spool = place.parent / "spool"
        (spool / "M2").mkdir(mode=0o700)
        said: list[str] = []
        os.seteuid(NOBODY.pw_uid)
        try:
            check_queue(place, say=said.append)
        finally:
            os.seteuid(0)
        mend = f"run `chown -R nobody {spool} && chmod -R u+rwX {spool}`"
        assert [f"{spool}/M2: user nobody may not write this directory; {mend}"] == said


@as_root
def test_root_opens_no_directory_that_a_link_leads_to(place: Path, tmp_path: Path) -> None:
    """
    The user could take any directory by a link in the spool, or in its place.
    """
    (tmp_path / "treasure/M2").mkdir(parents=True)
    os.chown(place.parent, NOBODY.pw_uid, NOBODY.pw_gid)
    spool = place.parent / "spool"
    spool.symlink_to(tmp_path / "treasure")
    check_queue(place, "nobody")
    spool.unlink()
    spool.mkdir(mode=0o750)
    (spool / "M2").symlink_to(tmp_path / "treasure")
    check_queue(place, "nobody")

    assert [0, 0] == [(tmp_path / name).stat().st_uid for name in ("treasure", "treasure/M2")]


def test_unknown_user_is_a_mistake_of_the_configuration(place: Path) -> None:
    """
    The check says so before it creates a file.
    """
    with pytest.raises(ConfigError, match="no user 'no-such-user'"):
        check_queue(place, "no-such-user")


@pytest.mark.parametrize("target", ["/", "/etc", "/usr/lib"])
def test_system_directory_behind_a_link_is_refused(tmp_path: Path, target: str) -> None:
    """
    The target of the path counts.
    """
    (tmp_path / "link").symlink_to(target)

    with pytest.raises(ConfigError, match="a queue may not lie in"):
        check_queue(tmp_path / "link/queue.db")


def test_file_that_is_a_link_into_a_system_directory_is_refused(place: Path) -> None:
    """
    SQLite would follow it.
    """
    place.symlink_to("/etc/empath-queue.db")

    with pytest.raises(ConfigError, match="may not lie in /etc"):
        check_queue(place)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/empath", None),
        ("/srv", "nfs4"),
        ("/srv/empath", "nfs4"),
        ("/srvother/empath", None),
        ("/srv/local disk/empath", None),
        ("/auto/empath", "cifs"),
        ("/höhle/empath", "fuse.sshfs"),
    ],
)
def test_network_file_system_is_found_by_the_mount_that_holds_the_path(path: str, kind: str | None) -> None:
    """
    Locks of SQLite do not work there. The longest mount point counts, the latest of equal ones, with its escapes
    undone.
    """
    assert kind == network_file_system(Path(path), MOUNTS)
