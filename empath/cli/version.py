"""version - what `--version` says"""

from importlib.util import find_spec
from typing import Final

from empath import __version__

_ONE_OF_THEM: Final = "empath.smtp.server.session"  # of the modules that packaging/compiled.toml lists


def version_text() -> str:
    """The version of the package, with `(compiled)` behind it where its hot modules are in C."""
    found = find_spec(_ONE_OF_THEM)
    is_interpreted = found is None or found.origin is None or found.origin.endswith(".py")
    return __version__ if is_interpreted else f"{__version__} (compiled)"
