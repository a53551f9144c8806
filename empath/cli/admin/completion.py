"""completion - completion: the script by which a shell completes verbs and options"""

from typing import Final

from empath.cli.admin.output import NAME
from empath.cli.completion import completion_of

VERBS: Final = (completion_of(NAME),)
