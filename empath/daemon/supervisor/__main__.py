"""
The supervisor's process: `python -m empath.daemon.supervisor CONFIG`, exec'd by `empathd run` and `empathd start`.

With EMPATH_START_FD in the environment the process writes the outcome of its start there, in one line: `ready`, or a
JSON object with `error` and `exit_code`. Without it, a failure goes to standard error.
"""

import sys

from empath.daemon.supervisor.serve import serve

if __name__ == "__main__":
    sys.exit(serve(sys.argv[1]))
