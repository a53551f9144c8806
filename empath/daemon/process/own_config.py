"""
own_config - the configuration of this process, read once for all that are forked from it

THEORY
    The template reads the configuration of a child before it forks it, and keeps the last one. A child finds it there,
    and has its pages in common with the others. A reload has a file in memory of its own, which is read anew.
"""

import os
from typing import NamedTuple

from empath.config.load import parse_config
from empath.config.model import Config
from empath.config.revision import revision_text
from empath.daemon.process.child import CONFIG, Child


class _Read(NamedTuple):
    """
    Shape: inode is that of the file in memory; octets are its content; name is that of the file on the disk; text is
    that of `revision_text`.
    """

    inode: int
    octets: bytes
    name: str
    config: Config
    text: str


_read: list[_Read] = []  # one at most


def own_config(fd: int, name: str) -> Config:
    """
    What the file in memory *fd* says, which the supervisor read from the file *name*.

    Raises:
        ConfigError: as `load_config`.
        OSError: *fd* cannot be read.
    """
    inode, octets = os.fstat(fd).st_ino, _content(fd)
    for each in _read:
        if (each.inode, each.octets, each.name) == (inode, octets, name):
            return each.config
    config = parse_config(octets, name, os.path.realpath(os.path.dirname(name)))
    _read[:] = [_Read(inode, octets, name, config, revision_text(config))]
    return config


def own_text(config: Config) -> str:
    """`revision_text` of *config*."""
    return next((each.text for each in _read if each.config is config), None) or revision_text(config)


def load_own_config(child: Child) -> Config:
    """
    The configuration that the supervisor read and found valid, even if the file has changed since.

    Raises:
        ConfigError: as `load_config`; only another version of Empath could find a mistake now.
    """
    return own_config(child.config_fd, os.environ[CONFIG])


def own_file(child: Child) -> tuple[bytes, str]:
    """The content of the configuration file that the supervisor read, and its name."""
    return _content(child.config_fd), os.environ[CONFIG]


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)
