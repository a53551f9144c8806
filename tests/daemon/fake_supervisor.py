"""fake_supervisor - the real supervisor with fake children: `PACE_JSON CONFIG`, with times that suit a test"""

import json
import sys
from pathlib import Path

from empath.daemon.supervisor.loop import Pace
from empath.daemon.supervisor.serve import serve

# A link in the directory of the configuration, which a test may remove.
PYTHON = Path(sys.argv[2]).parent / "python"
CHILD = (str(PYTHON), "-I", "-S", str(Path(__file__).with_name("fake_child.py")))

if __name__ == "__main__":
    sys.exit(
        serve(
            sys.argv[2],
            dict.fromkeys(("acceptor", "worker", "housekeeper"), CHILD),
            Pace(**json.loads(sys.argv[1])),
            make_template=None,
        )
    )
