"""
fake_supervisor - the real supervisor with fake children: `PATIENCE_JSON CONFIG`, with times that suit a test

FAKE_TEMPLATE in its environment says which template process it has: `fork`, `die` (cannot load) or `missing` (cannot be
started). Without it children are started by exec.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from empath.daemon.supervisor.patience import Patience
from empath.daemon.supervisor.serve import serve
from empath.daemon.supervisor.template import TemplateProcess

HERE = Path(__file__).parent
TEMPLATES = {
    "fork": (sys.executable, "-I", "-S", str(HERE / "fake_template.py")),
    "die": (sys.executable, "-I", "-S", "-c", "raise SystemExit(1)"),
    "missing": ("/nonexistent/python",),
}


def main() -> None:
    """Serve, by the arguments of the process."""
    patience, config = sys.argv[1:]
    # A link in the directory of the configuration, which a test may remove.
    child = (str(Path(config).parent / "python"), "-I", "-S", str(HERE / "fake_child.py"))
    command = TEMPLATES.get(os.environ.pop("FAKE_TEMPLATE", ""))
    sys.exit(
        serve(
            config,
            dict.fromkeys(("acceptor", "worker", "housekeeper"), child),
            Patience(**json.loads(patience)),
            make_template=None if command is None else partial(TemplateProcess, command, answer_s=0.5),
        )
    )


if __name__ == "__main__":
    main()
