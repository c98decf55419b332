"""The bot's processes: one or several on one database, started again whenever they die, as a supervisor does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.http import HttpTransport
from bot.sandbox.slack.records import Delivery, Outcome
from tests.faults.launch import Control

_STARTED = re.compile(r"action=started port=(\d+)")


class Nursery:
    """The process that forks bots (`tests.faults.launch`); it takes its children with it when it ends."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "tests.faults.launch"]
            self._process = subprocess.Popen(command, stdin=theirs.fileno())

    def start(self, environment: Mapping[str, str], control: Path, log: int) -> int:
        """Start a bot; its process id."""
        request = {"environment": dict(environment), "control": str(control)}
        socket.send_fds(self._socket, [json.dumps(request).encode()], [log])
        answer = self._socket.recv(4)
        if not answer:
            raise RuntimeError("the nursery has died")
        return int(struct.unpack("<i", answer)[0])

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.wait(10)


async def _nothing(_: Replica) -> None:
    return


class Replica:
    """One place for a bot: whatever ends the process in it, another is started, until `close`."""

    def __init__(self, nursery: Nursery, name: str, environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.lines: deque[str] = deque(maxlen=4000)
        self.port = 0
        self.up = asyncio.Event()
        self.starts = 0
        self.frozen = False
        self.outlasted = 0.0  # seconds for which it has been frozen, as its clock will say
        self.rest = 0.0  # seconds for which the next start waits
        self.on_death: Callable[[Replica], Awaitable[None]] = _nothing
        self._nursery, self._environment = nursery, dict(environment)
        self._path = folder / f"{name}.control"
        self.control = Control(self._path, new=True)
        self.pid = self.last_pid = 0
        self._pidfd = -1
        self._ended = asyncio.Event()
        self._closing = False
        self._keeper: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start the first process, and look after it."""
        self._start()
        self._keeper = asyncio.create_task(self._keep())

    @property
    def session(self) -> str:
        """What PostgreSQL calls the sessions of the present process."""
        return f"{self.name}-{self.starts}"

    def _start(self) -> None:
        self.starts += 1
        self.port = 0
        self.control.arm("never", 0)
        ours, theirs = os.pipe()
        environment = dict(self._environment)
        if environment["DATABASE_URL"].startswith("postgresql"):
            environment["DATABASE_URL"] += f"&application_name={self.session}"
        self._ended.clear()
        self.pid = self._nursery.start(environment, self._path, theirs)
        os.close(theirs)
        self._pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._died)
        self._reader = asyncio.create_task(self._read(ours, self.starts))

    async def _read(self, log: int, start: int) -> None:
        reader = asyncio.StreamReader(limit=1 << 24)
        pipe = os.fdopen(log, "rb")
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            async for line in reader:
                text = line.decode(errors="replace").rstrip()
                self.lines.append(text)
                if found := _STARTED.search(text):
                    self.port = int(found[1])
                    if self.pid and self.starts == start:
                        self.up.set()
        finally:
            transport.close()

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.up.clear()
        self.last_pid, self.pid = self.pid, 0
        self.frozen = False
        self.lines.append("-- the process has ended --")
        self._ended.set()

    async def _keep(self) -> None:
        while True:
            await self._ended.wait()
            if self._is_closing():
                return
            await self.on_death(self)
            await asyncio.sleep(self.rest)
            if self._is_closing():
                return
            self._start()

    def _is_closing(self) -> bool:
        return self._closing

    def signal(self, number: int) -> None:
        """Send the process a signal, if it lives."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self, rest: float = 0.0) -> None:
        """End the process with SIGKILL; the next one starts after a rest."""
        self.rest = rest
        self.signal(signal.SIGKILL)

    def stop(self, rest: float = 0.0) -> None:
        """Ask the process to end."""
        self.rest = rest
        self.signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop the process where it is."""
        self.frozen, self.outlasted = True, 0.0
        self.signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let a frozen process go on; its clock says that as much time has passed as its leases have."""
        if self.frozen:
            self.frozen = False
            self.control.jump(self.outlasted)
            self.signal(signal.SIGUSR1)
            self.signal(signal.SIGCONT)

    async def close(self) -> None:
        """End the process for good."""
        self._closing = True
        self.signal(signal.SIGKILL)
        await self._ended.wait()
        if self._keeper is not None:
            await self._keeper
        if self._reader is not None:
            await self._reader


class Balanced:
    """Slack's way over HTTP to several replicas: each attempt goes to the next one that runs, as behind a balancer."""

    def __init__(self, replicas: list[Replica], secret: str, ack_seconds: float) -> None:
        self._replicas, self._secret, self._seconds = replicas, secret, ack_seconds
        self._ways: dict[int, HttpTransport] = {}
        self._turn = 0

    async def send(self, delivery: Delivery, number: int, reason: str) -> Ack:
        """Make one attempt."""
        ready = [one for one in self._replicas if one.up.is_set()]
        if not ready:
            return Ack(Outcome.NOT_CONNECTED, detail="no bot runs", reason="connection_failed")
        self._turn += 1
        port = ready[self._turn % len(ready)].port
        url = f"http://127.0.0.1:{port}/slack/events"
        way = self._ways.setdefault(port, HttpTransport(url, self._secret, self._seconds))
        return await way.send(delivery, number, reason)

    async def close(self) -> None:
        """Close all connections."""
        for way in self._ways.values():
            await way.close()


class Ledgers:
    """The outbox and the leases, looked at (and let run out) beside the bots."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._open: Any = None

    def ask(self, statement: str) -> list[Any]:
        """The rows of a statement; on SQLite it only reads."""
        for _ in range(250):
            try:
                if self._open is None:
                    self._open = self._connected()
                cursor = self._open.execute(statement)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                # The server is being restarted: it takes tenths of a second.
                if self._open is not None and not self._open.closed:
                    raise
                self._open = None
                time.sleep(0.02)
        raise TimeoutError("the database server does not come back")

    def _connected(self) -> Any:
        if self.is_sqlite:
            path = self.url.removeprefix("sqlite:///")
            return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10, isolation_level=None)
        # What a frozen bot has locked must not hold up the one who is to wake it.
        options = "-c statement_timeout=5000 -c lock_timeout=2000"
        return psycopg.connect(self.url, autocommit=True, application_name="oracle", options=options)

    async def expire(self, sessions: str, pid: int) -> None:
        """Let the time pass after which others may take over what a dead process held.

        What it had sent to the server may still be carried out, so its sessions have to end first. On SQLite a start
        does the rest.
        """
        if not self.is_sqlite:
            for _ in range(500):
                if not self._sessions(sessions):
                    break
                await asyncio.sleep(0.02)
            await self._let_go(pid)

    async def outlast(self, sessions: str, pid: int) -> bool:
        """Let so much time pass for a frozen process that it loses its leases, and what it holds in the server.

        False where it has locked the file: then nobody can change that.
        """
        if self.is_sqlite:
            return await asyncio.to_thread(self._run_out)
        idle = f"application_name = '{sessions}' AND state LIKE 'idle in transaction%'"
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {idle}")  # noqa: S608
        await self._let_go(pid)
        return True

    async def _let_go(self, pid: int) -> None:
        """End its leases; a row that somebody has locked in this moment is tried again."""
        owned = f"owner LIKE '%:{pid}:%'"
        free = "FOR UPDATE SKIP LOCKED"
        for _ in range(40):
            self.ask(f"UPDATE lane SET lease_until = 0 WHERE key IN (SELECT key FROM lane WHERE {owned} {free})")  # noqa: S608
            self.ask(f"UPDATE lease SET until = 0 WHERE name IN (SELECT name FROM lease WHERE {owned} {free})")  # noqa: S608
            left = f"SELECT count(*) FROM lane WHERE {owned} AND lease_until > 0"  # noqa: S608
            if self.ask(left) == [(0,)]:
                return
            await asyncio.sleep(0.05)

    def _run_out(self) -> bool:
        with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=0.2)) as file:
            try:
                file.execute("UPDATE lane SET lease_until = 0, owner = NULL WHERE lease_until > 0")
                file.execute("UPDATE lease SET until = 0")
                file.commit()
            except sqlite3.OperationalError:
                return False
        return True

    def _sessions(self, name: str) -> int:
        count = self.ask(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'")  # noqa: S608
        return int(count[0][0])

    def cut(self, name: str) -> int:
        """End all sessions of a process in the server; how many there were."""
        by_name = f"application_name LIKE '{name}%'"
        rows = self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {by_name}")  # noqa: S608
        return len(rows)

    def close(self) -> None:
        """Close what was opened to look."""
        if self._open is not None:
            self._open.close()
