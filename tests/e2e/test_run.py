"""The bot as a process: how it starts, how it refuses to, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from bot.app import open_bot
from bot.errors import StartError
from bot.sandbox.coder import CoderServer
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack import SlackServer
from bot.settings import read_settings
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.e2e.process import BotProcess, bot_process, refused
from tests.e2e.scene import MANIFEST, RETRIES, Scene

pytestmark = pytest.mark.timeout(120)  # every test starts processes, on a machine that may have much else to do
NOWHERE = "http://127.0.0.1:1"
JSON = {"Content-Type": "application/json"}
HANGS = 60.0  # seconds: longer than anybody waits


@asynccontextmanager
async def world(tmp_path: Path, version: str = "2.34.3") -> AsyncIterator[Scene]:
    """The two servers; the bot is started by the test."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    async with (
        SlackServer(manifest=manifest, retry_delays=RETRIES) as slack,
        CoderServer(version, manual=True) as coder,
    ):
        yield Scene(slack, coder, f"sqlite:///{tmp_path}/bot.db", http=False)


@pytest.fixture(name="servers")
async def _servers(tmp_path: Path) -> AsyncIterator[Scene]:
    """The two servers."""
    async with world(tmp_path) as made:
        yield made


def slow(scene: Scene, method: str, seconds: float = HANGS) -> Fault:
    """Let Slack do the work of one call at once and answer late."""
    return scene.slack.faults.add(Fault(Kind.SLOW, match=method, seconds=seconds))


async def refusal(environment: dict[str, str]) -> str:
    """The line with which a start is refused, within ten seconds; it tells no secret."""
    began = time.monotonic()
    with pytest.raises(StartError) as refused:
        await attempt(environment)
    assert time.monotonic() - began < 10
    text = str(refused.value)
    assert "\n" not in text
    secrets = [environment[name] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "CODER_SESSION_TOKEN")]
    assert not [secret for secret in [*secrets, "pass-word"] if secret in text]
    return text


async def attempt(environment: dict[str, str]) -> None:
    """Start the bot and stop it."""
    bot = await open_bot(read_settings(environment))
    try:
        await bot.start()
    finally:
        await bot.stop()


# -- starting ---------------------------------------------------------------------------------------------------------


async def test_it_runs_over_sockets(servers: Scene) -> None:
    """One command starts it, it answers people, it says what it found, and it ends with 0 when it is told to.

    Even at DEBUG the log has one verb a line, and neither secrets nor what people write.
    """
    began = time.monotonic()
    async with bot_process({**servers.environment, "BOT_POLL_SECONDS": "1", "BOT_LOG_LEVEL": "DEBUG"}) as bot:
        await bot.port()
        assert time.monotonic() - began < 20
        assert "mode=socket" in bot.log
        assert "coder=2.34.3" in await bot.logged("action=checked")
        await servers.create("Tidy the login page")
        assert (await bot.get("/readyz"))[1]["coder"]["version"] == "2.34.3"
        assert await bot.stop() == 0
        assert "Traceback" not in bot.log
        assert " warning " not in bot.log
        assert not [one for one in ("xoxb-", "xapp-", servers.coder.token, "Tidy the") if one in bot.log]
        assert all(" action=" in line for line in bot.lines), bot.log


async def test_it_runs_over_http(servers: Scene) -> None:
    """Without an app token it takes Slack's signed requests, and Control-C ends it like SIGTERM."""
    environment = {name: value for name, value in servers.environment.items() if name != "SLACK_APP_TOKEN"}
    async with bot_process(environment) as bot:
        servers.slack.deliver_over_http(f"http://127.0.0.1:{await bot.port()}/slack/events")
        assert "mode=http" in bot.log
        await servers.create("Tidy the login page")
        assert not servers.slack.socket.connections
        assert await bot.stop(signal.SIGINT) == 0


async def test_an_unknown_version_of_coder_is_a_warning(tmp_path: Path) -> None:
    """A Coder that is newer than this bot knows, with Tasks, is used; the log and /readyz say so."""
    async with world(tmp_path) as scene:
        scene.coder.faults.add(
            Fault(Kind.REFUSE, "GET /api/v2/buildinfo", status=200, body='{"version": "v9.9.9"}', headers=JSON)
        )
        bot = await scene.start()
        _, facts = await bot.readiness()
        assert "9.9.9 is outside of what this bot is made for" in facts["warnings"][0]
        await scene.stop()


async def test_a_missing_scope_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the scope and what will not work; everything else does."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    manifest["oauth_config"]["scopes"]["bot"].remove("files:write")
    async with SlackServer(manifest=manifest) as slack, CoderServer(manual=True) as coder:
        scene = Scene(slack, coder, f"sqlite:///{tmp_path}/bot.db", http=False)
        await scene.start()
        await scene.create()
        await scene.stop()
    assert [one for one in caplog.messages if one.startswith("without the scope files:write the bot cannot attach")]


# -- refusing to start ------------------------------------------------------------------------------------------------


async def test_every_refusal_is_one_line_on_stderr(servers: Scene, tmp_path: Path) -> None:
    """The process ends at once with a status that is not 0, one line that names the thing, and no traceback."""
    cases = {
        "SLACK_BOT_TOKEN is missing": {"SLACK_BOT_TOKEN": ""},
        "SLACK_BOT_TOKEN is refused by Slack (invalid_auth)": {"SLACK_BOT_TOKEN": "xoxb-1234-wrong"},
        "CODER_SESSION_TOKEN is refused": {"CODER_SESSION_TOKEN": "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb"},
        "DATABASE_URL: PostgreSQL": {"DATABASE_URL": "postgresql://bot:pass-word@127.0.0.1:1/bot"},
    }
    apart = [{"DATABASE_URL": f"sqlite:///{tmp_path}/{number}.db"} for number in range(len(cases))]
    ends = await asyncio.gather(
        *(refused({**servers.environment, **own, **case}) for own, case in zip(apart, cases.values(), strict=True))
    )
    for begin, (line, seconds) in zip(cases, ends, strict=True):
        assert line.startswith(f"coder-task-bot: {begin}")
        assert seconds < 20  # four processes at the same time
        assert not [one for one in ("wrong", "pass-word", "bbbbbbbb") if one in line]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "SLACK_APP_TOKEN is refused by Slack (invalid_auth): make an app-level"),
        ({"SLACK_API_URL": f"{NOWHERE}/api/"}, f"Slack cannot be reached at {NOWHERE}/api/ ("),
        ({"CODER_URL": NOWHERE}, f"CODER_URL: {NOWHERE} does not answer as Coder does ("),
        ({"CODER_SESSION_TOKEN": "no tokén"}, "CODER_SESSION_TOKEN cannot be used: "),
        ({"DATABASE_URL": "mysql://bot:pass-word@db/bot"}, "DATABASE_URL starts with mysql"),
        ({"DATABASE_URL": "bot.db"}, "DATABASE_URL is not an address of a database: write sqlite:///"),
        ({"DATABASE_URL": "sqlite://"}, "DATABASE_URL names no file"),
        (
            {"DATABASE_URL": "sqlite:////no/such/folder/bot.db"},
            "DATABASE_URL: the folder /no/such/folder does not exist",
        ),
        ({"DATABASE_URL": "sqlite:////proc/bot.db"}, "DATABASE_URL: no file can be written in /proc ("),
        ({"BOT_HOST": "192.0.2.1"}, "BOT_HOST: cannot listen on 192.0.2.1:0: "),
    ],
)
async def test_what_is_wrong_is_named_with_its_mend(servers: Scene, changes: dict[str, str], words: str) -> None:
    """Refused tokens, servers that are not there, and addresses that are none."""
    assert (await refusal({**servers.environment, **changes})).startswith(words)


async def test_another_server_is_not_taken_for_coder(servers: Scene) -> None:
    """A CODER_URL that leads elsewhere is told from a Coder that is away."""
    text = await refusal({**servers.environment, "CODER_URL": servers.slack.url})
    assert text.startswith(f"CODER_URL: {servers.slack.url} ")
    assert "as a Coder server does" in text or "as Coder does" in text


async def test_a_coder_without_tasks_is_refused(tmp_path: Path) -> None:
    """Coder 2.37 has Tasks turned off, and the line says how to turn them on."""
    async with world(tmp_path, "2.37.0") as scene:
        assert "CODER_ENABLE_AI_TASKS=true" in await refusal(scene.environment)


async def test_a_port_that_is_taken_is_named(servers: Scene) -> None:
    """Before any work is begun."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = await refusal({**servers.environment, "BOT_PORT": str(port)})
    assert text.startswith(f"BOT_PORT: cannot listen on 127.0.0.1:{port} (address already in use)")
    assert not servers.slack.socket.connections


async def test_a_file_has_one_process(servers: Scene) -> None:
    """A second bot on the same SQLite file is refused; the first goes on."""
    await servers.start()
    assert "is in use by another process" in await refusal(servers.environment)
    await servers.create()
    await servers.stop()


async def test_a_newer_schema_is_refused(servers: Scene) -> None:
    """An older build does not touch what a newer one has made."""
    database = await Database.open(servers.environment["DATABASE_URL"])
    await migrate(database)
    await database.run(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    assert "the schema is 9999, made by a newer version" in await refusal(servers.environment)


async def test_servers_that_say_nothing_are_given_up(servers: Scene, tmp_path: Path) -> None:
    """A Slack, a Coder, a PostgreSQL or a name server that never answers is named within ten seconds."""
    async with silence() as at:
        changes = {
            f"Slack cannot be reached at http://{at}/ (no answer)": {"SLACK_API_URL": f"http://{at}"},
            f"CODER_URL: http://{at} does not answer": {"CODER_URL": f"http://{at}"},
            "DATABASE_URL: ": {"DATABASE_URL": f"postgresql://bot:pass-word@{at}/bot"},
        }
        apart = [{"DATABASE_URL": f"sqlite:///{tmp_path}/{number}.db"} for number in range(len(changes))]
        *texts, _ = await asyncio.gather(
            *(
                refusal({**servers.environment, **own, **case})
                for own, case in zip(apart, changes.values(), strict=True)
            ),
            a_name_server_hangs(servers),
        )
    for text, begin in zip(texts, changes, strict=True):
        assert str(text).startswith(begin)


@asynccontextmanager
async def silence() -> AsyncIterator[str]:
    """Where a server takes connections and says nothing."""
    end = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await end.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        end.set()


async def a_name_server_hangs(servers: Scene) -> None:
    """The thread that asks it cannot be ended, but the process can."""
    hang = "import socket, time; socket.getaddrinfo = lambda *_, **__: time.sleep(60); "
    run = "from bot.__main__ import main; raise SystemExit(main(['run']))"
    environment = {**servers.environment, "CODER_URL": "http://coder.example.com"}
    line, seconds = await refused(environment, "-c", hang + run)
    assert line.startswith("coder-task-bot: CODER_URL: http://coder.example.com does not answer")
    assert seconds < 15


# -- ending -----------------------------------------------------------------------------------------------------------


async def test_what_is_in_flight_is_finished(servers: Scene) -> None:
    """A slow post is waited for and recorded; the next start knows of it and doubles nothing."""
    async with bot_process(servers.environment) as bot:
        await bot.port()
        slow(servers, "chat.postMessage", 1.5)
        assert (await servers.command("create -- Tidy the login page")).ok
        await servers.seen(servers.cards, "the card")

        bot.process.send_signal(signal.SIGTERM)

        await bot.logged("action=stopping")
        status, facts = await bot.get("/readyz")
        assert (status, facts["reasons"][0]) == (503, "stopping")
        assert await bot.ended() == 0
        assert [line for line in bot.lines if "action=delivery_done" in line and "kind=post_card" in line]
        assert "cut_off" not in bot.log
    await again(servers)
    assert len([call for call in servers.slack.calls_of("chat.postMessage") if "thread_ts" not in call.args]) == 1


async def test_servers_that_hang_do_not_keep_the_process(servers: Scene) -> None:
    """It ends in time all the same, and what was cut off is looked up by the next start before it is done again."""
    async with bot_process(servers.environment) as bot:
        await bot.port()
        slow(servers, "chat.postMessage")
        assert (await servers.command("create -- Tidy the login page")).ok
        await servers.seen(servers.cards, "the card")
        servers.coder.faults.add(Fault(Kind.SLOW, "GET /api/v2/tasks", times=None, seconds=HANGS))
        servers.coder.faults.add(Fault(Kind.SLOW, "POST /api/v2/tasks/*", seconds=HANGS))
        assert (await servers.command("create -- Tidy the signup page")).ok
        await servers.reached(lambda: len(servers.coder.tasks) == 2, "the second task")

        assert await bot.stop() == 0
        assert "action=outbox_cut_off in_flight=2" in bot.log
    servers.coder.faults.clear()
    await again(servers, cards=2)
    assert len(servers.coder.tasks) == 2


async def again(scene: Scene, cards: int = 1) -> None:
    """Start the bot again: as many cards as there are tasks, and each follows its task."""
    async with bot_process(scene.environment) as bot:
        await bot.port()
        await scene.seen(lambda: len(scene.cards()) == cards, "the cards")
        for task in scene.coder.tasks:
            await task.ready("working", "Reading the code")
        for card in scene.cards():
            await scene.card_says(card, "Working")
        assert await bot.stop() == 0
    assert len(scene.cards()) == cards


@pytest.mark.parametrize("at", ["imports", "checks"])
async def test_it_can_be_stopped_while_it_starts(servers: Scene, at: str) -> None:
    """A supervisor that changes its mind gets status 0 as well."""
    slow(servers, "auth.test")
    async with bot_process(servers.environment) as bot:
        if at == "imports":
            await started(bot)
        else:
            await servers.seen(lambda: servers.slack.calls_of("auth.test"), "the start", timeout=30)
        assert await bot.stop() == 0
        assert "Traceback" not in bot.log


async def started(bot: BotProcess) -> None:
    """Wait until the process has installed its signal handlers: SIGTERM is caught from then on."""
    async with asyncio.timeout(30):
        while not caught(bot.process.pid) & 1 << (signal.SIGTERM - 1):  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(0.005)


def caught(pid: int) -> int:
    """The signals that a process catches, as bits."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs /proc")
    return next(int(line.split()[1], 16) for line in status.read_text().splitlines() if line.startswith("SigCgt:"))
