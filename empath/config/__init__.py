"""The configuration: its definition, its reader and its generated reference (layer 3)."""

from empath.config.load import load_config
from empath.config.model import Config

__all__ = ["Config", "load_config"]
