"""
revision - a configuration as the queue keeps it: its text without secrets, and each setting with its origin

Secrets belong into files of their own, which the configuration names.  Some may be in it all the same: in a URL, or in
the settings of a module.  They are masked, so that a person who may read the queue does not learn them.
"""

import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from empath.config.differences import Difference, differences_of, flat
from empath.config.effective import settings, toml_of
from empath.config.keys import KeyPath, dotted
from empath.config.model import Config
from empath.config.renamed import with_new_lines
from empath.config.scan import scan
from empath.policy.credentials import without_credentials

DEFAULT: Final = "default"


class EffectiveSetting(NamedTuple):
    """
    One setting in force.

    Shape: name is dotted; value and default_value are text, numbers and lists as in JSON, None where nothing is set or
    there is no default; source is `FILE:LINE`, or DEFAULT.
    """

    name: str
    value: str | None
    default_value: str | None
    source: str


def revision_text(config: Config) -> str:
    """*config* as TOML, defaults included, without secrets."""
    return toml_of(without_credentials(settings(config)))


def text_differences(old: str, new: str) -> tuple[Difference, ...]:
    """The settings that differ between two texts of `revision_text`."""
    return differences_of(tomllib.loads(old), tomllib.loads(new))


def effective_settings(config: Config, octets: bytes, file: str) -> list[EffectiveSetting]:
    """Every setting of *config*, which was read from *octets*, the content of *file*."""
    lines = _lines_by_listener(with_new_lines(scan(octets.decode())), config)
    defaults = flat(_defaults(config))
    return [
        EffectiveSetting(
            dotted(path),
            _text(value),
            _text(defaults.get(path)),
            f"{file}:{lines[path]}" if path in lines else DEFAULT,
        )
        for path, value in flat(without_credentials(settings(config))).items()
    ]


def _defaults(config: Config) -> dict[str, Any]:
    """The settings of a file that has only what must be in it, without listeners: their defaults depend on the role."""
    found = settings(config)
    data = {"hostname": found["hostname"], "postmaster": found["postmaster"], "queue": {"path": found["queue"]["path"]}}
    data["listener"] = [{"address": "127.0.0.1:25", "role": "internal"}]
    defaults = settings(Config.model_validate(data, context={"directory": "/"}))
    for key in ("hostname", "postmaster"):
        defaults[key] = None
    defaults["queue"]["path"] = None
    return defaults | {"listener": []}


def _lines_by_listener(lines: Mapping[KeyPath, int], config: Config) -> dict[KeyPath, int]:
    """*lines* with listeners named by their addresses, as `flat` has them."""
    names = [str(listener["address"]) for listener in settings(config)["listener"]]
    moved: dict[KeyPath, int] = {}
    for path, line in lines.items():
        if len(path) > 2 and path[0] == "listener" and isinstance(path[1], int) and path[1] < len(names):
            moved["listener", names[path[1]], *path[2:]] = line
        else:
            moved[path] = line
    return moved


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
