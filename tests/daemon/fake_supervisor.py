"""fake_supervisor - the real supervisor over fake children: `PACE_JSON CONFIG`, with seconds that suit a test"""

import json
import sys
from pathlib import Path

from empath.daemon.supervisor.loop import Pace
from empath.daemon.supervisor.serve import serve

CHILD = (sys.executable, "-I", "-S", str(Path(__file__).with_name("fake_child.py")))

if __name__ == "__main__":
    sys.exit(
        serve(sys.argv[2], dict.fromkeys(("acceptor", "worker", "housekeeper"), CHILD), Pace(**json.loads(sys.argv[1])))
    )
