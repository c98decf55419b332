"""The bot, tied to whoever started it: it ends, as if killed, when its standard input is closed.

`python -m bot.sandbox.tied` is `coder-task-bot run` otherwise. A closed pipe is how a process learns on every system
that the one at its other end is gone, however that came.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

_ORPHANED = 1


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, name="tie", daemon=True).start()
    sys.argv = ["coder-task-bot", "run"]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
