"""Packaging of Empath; every dependency is bounded by the next release that may break it."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "empath/__init__.py").read_text())[1]

setup(
    name="empath-mta",
    version=VERSION,
    description="A mail transfer agent whose queue is a database you can talk to",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["empath", "empath.*"]),
    package_data={
        "empath": ["sql/*/*.sql", "sql/*/*/*.sql"],
        "empath.daemon.httpd.console": ["templates/*", "static/*", "static/vendor/*"],
    },
    scripts=["bin/empath-sqlite3"],
    data_files=[("share/empath", ["conf/empath.toml", "conf/sqliterc"])],
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
        "dev": [
            "coverage>=7.10,<8",
            "hypothesis>=6.100,<7",
            "mypy>=1.13,<3",
            "pre-commit>=3.7,<5",
            "pytest>=8.2,<10",
            "pytest-cov>=5,<8",
            "pytest-xdist>=3.6,<4",
            "ruff>=0.8,<0.18",
            "schemathesis>=4.10,<5",
            "towncrier>=24.8,<27",
            "trustme>=1.2,<2",
            "types-gevent>=24.11,<27",
        ],
    },
    entry_points={
        "console_scripts": [
            "empathd=empath.cli.empathd:main",
            "empath-admin=empath.cli.admin.__main__:main",
            "empath-sendmail=empath.cli.sendmail:main",
        ],
    },
)
