"""Packaging of Empath; every dependency is bounded by the next release that may break it."""

import gzip
import os
import pathlib
import re
import shutil
import tarfile
import time
import tomllib

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "empath/__init__.py").read_text())[1]
# The manual pages, where `make man` has made them: the wheel and the source archive of `make dist` have them.
MANUAL = {f"share/man/man{number}": sorted(map(str, pathlib.Path("man").glob(f"*.{number}"))) for number in (5, 7, 8)}

# EMPATH_COMPILE=1 asks for a build with the hot modules in C as well; it needs a C compiler, and takes a minute or two.
IS_COMPILED = os.environ.get("EMPATH_COMPILE", "") not in ("", "0")
COMPILER = ["mypy>=1.13,<3"] if IS_COMPILED else []


class BuildWithoutRemains(build_py):
    """A build that has the modules of this tree only: those of an earlier one in build/ are not carried along."""

    def run(self):
        """Empty the folder of the build, then fill it."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildInC(build_ext):
    """A build of the modules that packaging/compiled.toml lists, by mypyc; their sources stay next to them."""

    def finalize_options(self):
        """Translate them to C. Only here, because mypyc is installed once setuptools knows of COMPILER."""
        if self.editable_mode:
            raise SystemExit("EMPATH_COMPILE: an editable install is interpreted; `make compiled` compiles a copy")
        from mypyc.build import mypycify  # noqa: PLC0415

        choice = tomllib.loads((HERE / "packaging/compiled.toml").read_text(encoding="utf-8"))
        modules = sorted(
            str(path)
            for package in choice["packages"]
            for path in pathlib.Path(package).glob("*.py")
            if path.name != "__init__.py" and str(path) not in choice["interpreted"]
        )
        # Only what is in the tree counts, so that the same tree gives the same code on each machine.
        options = ["--config-file=", "--no-site-packages", "--ignore-missing-imports"]
        self.distribution.ext_modules = mypycify(
            [*options, *modules], opt_level="2", debug_level="0", group_name="empath"
        )
        super().finalize_options()


class SameArchive(sdist):
    """
    A source archive that is the same, octet by octet, for the same tree.

    Files are in the order of their names, of one owner and one instant: SOURCE_DATE_EPOCH, in seconds since 1970.
    """

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):  # noqa: PLR0917 - as setuptools has it
        """Write base_name.tar.gz from the files below base_dir, and return its path."""
        instant = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
        archive = f"{base_name}.tar.gz"

        def alike(member):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = instant
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            return member

        with (
            open(archive, "wb") as file,
            gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=instant) as octets,
            tarfile.open(fileobj=octets, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in sorted(pathlib.Path(base_dir).rglob("*")):
                tar.add(path, recursive=False, filter=alike)
        return archive


setup(
    name="empath-mta",
    version=VERSION,
    description="A mail transfer agent whose queue is a database you can talk to",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The authors of Empath",
    keywords=["mail", "smtp", "mta", "lmtp", "dkim", "dmarc", "sqlite", "queue"],
    license="Apache-2.0",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: No Input/Output (Daemon)",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: SQL",
        "Topic :: Communications :: Email :: Mail Transport Agents",
    ],
    python_requires=">=3.11",
    cmdclass={"build_py": BuildWithoutRemains, "build_ext": BuildInC, "sdist": SameArchive},
    ext_modules=[Extension("empath", [])] if IS_COMPILED else [],  # BuildInC says which
    setup_requires=COMPILER,
    packages=find_packages(include=["empath", "empath.*"]),
    package_data={
        "empath": ["config/*.txt", "sql/*.txt", "sql/*/*.sql", "sql/*/*/*.sql", "conf/*", "conf/*/*"],
        "empath.daemon.httpd.console": ["templates/*", "static/*", "static/vendor/*"],
    },
    scripts=["bin/empath-sqlite3"],
    data_files=[
        ("share/empath", ["empath/conf/empath.toml", "empath/conf/sqliterc"]),
        *((place, pages) for place, pages in MANUAL.items() if pages),
    ],
    install_requires=[
        "apsw>=3.51.3.0,<4",
        "click>=8.1,<9",
        "cryptography>=42,<51",
        "dnspython>=2.6,<3",
        "falcon>=4,<5",
        "gevent>=24.10,<27",
        "idna>=3.7,<4",
        "jinja2>=3.1.6,<4",
        "orjson>=3.10,<4",
        "pluggy>=1.5,<2",
        "prometheus-client>=0.22,<1",
        "pydantic>=2.9,<3",
        "rich>=13,<16",
        "setproctitle>=1.3,<2",
    ],
    extras_require={
        "amqp": ["amqp>=5.2,<6"],
        "kafka": ["confluent-kafka>=2.5,<3"],
        "nats": ["nats-py>=2.15,<3"],
        "otlp": ["opentelemetry-proto>=1.30,<2"],
        "s3": ["botocore>=1.36,<2"],
        "postgresql": [
            "psycopg[binary]>=3.2,<4",
        ],
        "dev": [
            "amqp>=5.2,<6",
            "botocore>=1.36,<2",
            "confluent-kafka>=2.5,<3",
            "coverage>=7.10,<8",
            "hypothesis>=6.100,<7",
            "mypy>=1.13,<3",
            "nats-py>=2.15,<3",
            "opentelemetry-proto>=1.30,<2",
            "pre-commit>=3.7,<5",
            "psycopg[binary]>=3.2,<4",
            "pytest>=8.2,<10",
            "pytest-cov>=5,<8",
            "pytest-xdist>=3.6,<4",
            "pyyaml>=6,<7",
            "ruff>=0.8,<0.18",
            "schemathesis>=4.10,<5",
            "simpy>=4.1,<5",
            "towncrier>=24.8,<27",
            "trustme>=1.2,<2",
            "types-gevent>=24.11,<27",
            "types-protobuf>=5,<8",
        ],
        "docs": [
            "furo>=2025.9.25,<2027",
            "myst-parser>=5,<6",
            "sphinx>=9,<10",
        ],
        "release": [
            "build>=1.2,<2",
            "cyclonedx-bom>=6,<8",
            "pip-audit>=2.7,<3",
            "pip-licenses>=5,<6",
            "pip-tools>=7.4,<8",
        ],
    },
    entry_points={
        "console_scripts": [
            "empathd=empath.cli.empathd:main",
            "empath-admin=empath.cli.admin.__main__:main",
            "empath-sendmail=empath.cli.sendmail:main",
            "empath-sql=empath.cli.sql:main",
        ],
    },
)
