"""What the wheel and the source archive have in them. `make smoke` builds both and tries the wheel."""

import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, text

PACKAGE = ROOT / "empath"


@pytest.fixture(scope="module")
def packaging():
    """What setup.py says, without building anything."""
    pytest.importorskip("setuptools", reason="no setuptools, which Python before 3.12 brings along")
    from distutils.core import run_setup  # setuptools provides it

    before = Path.cwd()
    os.chdir(ROOT)
    try:
        return run_setup("setup.py", stop_after="init")
    finally:
        os.chdir(before)


def test_every_file_of_the_package_is_in_the_wheel(packaging):
    """
    SQL, templates, static files and the files for a host: a program that lacks one fails on the first use.
    """
    packed = {
        path
        for package, patterns in packaging.package_data.items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    modules = {ROOT.joinpath(*package.split(".")) for package in packaging.packages}
    there = [Path(folder, name) for folder, _, names in os.walk(PACKAGE, followlinks=True) for name in names]
    kept = [path for path in there if "__pycache__" not in path.parts]
    assert [] == [path for path in kept if path not in packed and not (path.suffix == ".py" and path.parent in modules)]


def test_the_same_files_make_the_same_archive(packaging, tmp_path, monkeypatch):
    """
    Whatever their owner, mode and age: anybody can make the archive of a release again, and compare.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    command = packaging.get_command_class("sdist")(packaging)
    digests = set()
    for mode, age in ((0o600, 1), (0o664, 2)):
        file = tmp_path / "empath-1" / "a.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text("one")
        file.chmod(mode)
        os.utime(file, (age, age))
        archive = Path(command.make_archive("made", "gztar", base_dir="empath-1"))
        digests.add(hashlib.sha256(archive.read_bytes()).digest())
    assert 1 == len(digests)
    with tarfile.open(archive) as tar:
        assert [("empath-1/a.txt", 1_000_000_000, 0o644, "")] == [
            (each.name, each.mtime, each.mode, each.uname) for each in tar
        ]


def test_the_metadata_say_what_a_reader_of_an_index_asks(packaging):
    """
    The README is the page of the project there.
    """
    metadata = packaging.metadata
    assert "text/markdown" == metadata.long_description_content_type
    assert text("README.md") == metadata.long_description
    assert "Apache-2.0" == metadata.license
    assert "Topic :: Communications :: Email :: Mail Transport Agents" in metadata.classifiers


def test_the_smoke_test_is_valid_shell():
    """
    It runs before a release only.
    """
    assert 0 == subprocess.run(["bash", "-n", str(ROOT / "tests/smoke.sh")], check=False).returncode
