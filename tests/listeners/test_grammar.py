"""What `/coder-task` understands."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.commands import COMMAND, Command, Create
from bot.errors import Offer, UserError
from bot.listeners.grammar import VERBS, parse
from bot.models import CreateRequest, Level, Status


def escaped(text: str) -> str:
    """Write text as Slack delivers it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def create(prompt: str = "Fix it") -> Create:
    """The command that starts a task with a prompt and nothing else."""
    return Create(request=CreateRequest(prompt=prompt))


PROMPT = st.text(min_size=1).filter(lambda text: not text[0].isspace())
FLAGS = st.lists(
    st.sampled_from(["-t web", "--preset=none", "—name “fix-it”", '--org "a \\"b\\" c"', "--notify quiet"]), unique=True
)


# -- the prompt --------------------------------------------------------------------------------------------------------


@given(FLAGS, PROMPT)
def test_prompt_is_kept_exactly_after_two_hyphens(flags: list[str], prompt: str) -> None:
    """Whatever follows `--` is the prompt, character by character."""
    command = parse(escaped(" ".join(["create", *flags, "--", prompt])))
    assert isinstance(command, Create)
    assert command.request.prompt == prompt


@given(FLAGS, PROMPT.filter(lambda text: text[0] not in "-–—―"))
def test_prompt_is_kept_exactly_after_flags(flags: list[str], prompt: str) -> None:
    """The first word that is no flag begins the prompt, which is kept character by character."""
    command = parse(escaped(" ".join(["create", *flags, prompt])))
    assert isinstance(command, Create)
    assert command.request.prompt == prompt


@given(PROMPT)
def test_text_of_send_is_kept_exactly(text: str) -> None:
    """Whatever follows the task is the text, character by character, flags and all."""
    assert parse(escaped(f"send fix-login {text}")) == commands.Send(task="fix-login", text=text)


@pytest.mark.parametrize(
    "prompt",
    [
        "Fix it\n\n  - one\n  - two\n",
        "Run ```\nfoo --bar 'baz\n``` now",
        "Don't say \"no",
        "it’s “fine” ‘really",
        "see --template web -n x",
        "😀 :tada:\u00a0do it",
        "- first\n- second",
        "-1 is wrong",
        "- ",
        "`--template` is a flag",
        "create create",
        '"web" tests fail',
    ],
)
def test_prompt_keeps_everything(prompt: str) -> None:
    """Quotes, fences, lists, emoji and flags in a prompt mean nothing."""
    assert parse(f"create {prompt}") == create(prompt)


@pytest.mark.parametrize(
    ("raw", "prompt"),
    [
        ("create if a &lt; b &amp;&amp; c", "if a < b && c"),
        ("create ask <@U012|ana> in <#C012|>", "ask @ana in #name of C012"),
        ("create ask <@U012>", "ask @name of U012"),
        ("create see <https://a.b/c?d=1&amp;e=2|the docs>", "see the docs https://a.b/c?d=1&e=2"),
        ("create <https://a.b> is down", "https://a.b is down"),
    ],
)
def test_prompt_is_decoded(raw: str, prompt: str) -> None:
    """What Slack makes of a prompt is made undone."""
    assert parse(raw, names=lambda key: f"name of {key}") == create(prompt)


# -- flags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("create --template web Fix it", {"template": "web"}),
        ("create --template=web Fix it", {"template": "web"}),
        ("create -t web Fix it", {"template": "web"}),
        ("create -t=web Fix it", {"template": "web"}),
        ("create -p none Fix it", {"preset": "none"}),
        ("create -n fix-login Fix it", {"name": "fix-login"}),
        ("create --template-version v1.2 Fix it", {"template_version": "v1.2"}),
        ("create --owner bo Fix it", {"owner": "bo"}),
        ("create --owner @bo Fix it", {"owner": "bo"}),
        ("create --owner <@U012> Fix it", {"owner": "@U012"}),
        ("create --owner <@U012|Bo Lind> Fix it", {"owner": "@U012"}),
        ("create --org acme Fix it", {"organization": "acme"}),
        ("create --notify all Fix it", {"level": Level.ALL}),
        ("create --notify QUIET Fix it", {"level": Level.QUIET}),
        ("create —template web Fix it", {"template": "web"}),
        ("create –template web Fix it", {"template": "web"}),
        ("create —t web Fix it", {"template": "web"}),
        ("create --Template web Fix it", {"template": "web"}),
        ("create\u00a0-t\u00a0web\u00a0Fix it", {"template": "web"}),
        ("create  -t  web\n\nFix it", {"template": "web"}),
        ("create -t web -p Small --name x Fix it", {"template": "web", "preset": "Small", "name": "x"}),
        ('create --preset "large mem" Fix it', {"preset": "large mem"}),
        ('create --preset="large mem" Fix it', {"preset": "large mem"}),
        ("create --preset 'large mem' Fix it", {"preset": "large mem"}),
        ("create --preset “large mem” Fix it", {"preset": "large mem"}),
        ("create --preset ‘large mem’ Fix it", {"preset": "large mem"}),
        ("create --preset „large mem“ Fix it", {"preset": "large mem"}),
        ('create --preset "large mem” Fix it', {"preset": "large mem"}),
        ("create --preset 'Ana's big one' Fix it", {"preset": "Ana's big one"}),
        (r'create --preset "the \"big\" one" Fix it', {"preset": 'the "big" one'}),
        (r"create --preset C:\x Fix it", {"preset": r"C:\x"}),
        ('create --preset "a &amp; b" Fix it', {"preset": "a & b"}),
        ('create --preset "--odd" Fix it', {"preset": "--odd"}),
        ("create --preset=--odd Fix it", {"preset": "--odd"}),
        ("create --template <http://web.dev|web.dev> Fix it", {"template": "web.dev"}),
        ("create -- Fix it", {}),
        ("create — Fix it", {}),
        ("create -t web -- Fix it", {"template": "web"}),
    ],
)
def test_create_flags(text: str, given: dict[str, object]) -> None:
    """Every way to write a flag gives its value."""
    assert parse(text) == Create(request=CreateRequest.model_validate({"prompt": "Fix it", **given}))


# -- the verbs ---------------------------------------------------------------------------------------------------------

ID = "7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a9e11"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", commands.New()),
        (" \n ", commands.New()),
        ("create", commands.New()),
        ("new -t web -n fix --", commands.New(request=CreateRequest(prompt="", template="web", name="fix"))),
        ("new Fix it", create()),
        ("CREATE Fix it", create()),
        ("create\nFix it", create()),
        ("  create Fix it", create()),
        ("list", commands.List()),
        ("ls", commands.List()),
        ("list --all", commands.List(everyone=True)),
        ("list —all", commands.List(everyone=True)),
        ("list --status Paused --all", commands.List(everyone=True, status=Status.PAUSED)),
        ("list --page 2", commands.List(page=2)),
        ("status fix-login", commands.Show(task="fix-login")),
        ("Status ana/fix-login", commands.Show(task="ana/fix-login")),
        ("status Fix flaky login", commands.Show(task="Fix flaky login")),
        ("status “Fix flaky login”", commands.Show(task="Fix flaky login")),
        ("status `fix-login`", commands.Show(task="fix-login")),
        (f"status {ID}", commands.Show(task=ID)),
        (f"status <https://coder.example.com/tasks/ana/{ID}>", commands.Show(task=f"ana/{ID}")),
        (f"status <https://coder.example.com/tasks/ana/{ID}/?tab=1|my task>", commands.Show(task=f"ana/{ID}")),
        (f"status https://example.com/coder/tasks/ana/{ID}", commands.Show(task=f"ana/{ID}")),
        (
            "status <https://x.slack.com/archives/C1/p1795?thread_ts=1.2&amp;cid=C1>",
            commands.Show(task="https://x.slack.com/archives/C1/p1795?thread_ts=1.2&cid=C1"),
        ),
        ("logs fix-login", commands.Logs(task="fix-login")),
        ("logs fix-login --lines 50", commands.Logs(task="fix-login", lines=50)),
        ("logs --lines=05 --build fix-login", commands.Logs(task="fix-login", lines=5, build=True)),
        ("logs --build fix-login --lines 1", commands.Logs(task="fix-login", lines=1, build=True)),
        ("logs -- --odd", commands.Logs(task="--odd")),
        ("send fix-login Yes, do", commands.Send(task="fix-login", text="Yes, do")),
        ("send fix-login\nYes\n do", commands.Send(task="fix-login", text="Yes\n do")),
        ("send fix-login", commands.Write(task="fix-login")),
        ("send fix-login \n ", commands.Write(task="fix-login")),
        ("send fix-login --yes", commands.Send(task="fix-login", text="--yes")),
        ("send -- fix-login -- yes", commands.Send(task="fix-login", text="-- yes")),
        (f"send <https://c.example/tasks/ana/{ID}> go", commands.Send(task=f"ana/{ID}", text="go")),
        ("delete fix-login", commands.Delete(task="fix-login")),
        ("rm fix-login --yes", commands.Delete(task="fix-login", confirmed=True)),
        ("delete --yes fix-login", commands.Delete(task="fix-login", confirmed=True)),
        ("delete fix-login —yes", commands.Delete(task="fix-login", confirmed=True)),
        ("pause fix-login", commands.Pause(task="fix-login")),
        ("resume fix-login", commands.Resume(task="fix-login")),
        ("retry fix-login", commands.Retry(task="fix-login")),
        ("templates", commands.Templates()),
        ("templates claude code", commands.Templates(words="claude code")),
        ("presets", commands.Presets()),
        ("presets claude-code", commands.Presets(template="claude-code")),
        ("whoami", commands.WhoAmI()),
        ("help", commands.Help()),
        ("help new", commands.Help(topic="create")),
        ("help LOGS", commands.Help(topic="logs")),
        ("--help", commands.Help()),
        ("-h", commands.Help()),
        ("rm --help", commands.Help(topic="delete")),
        ("create -h", commands.Help(topic="create")),
    ],
)
def test_verbs(text: str, command: Command) -> None:
    """Every verb becomes its command, and the command survives being kept as JSON."""
    assert parse(text) == command
    assert COMMAND.validate_json(COMMAND.dump_json(command)) == command


# -- any text ---------------------------------------------------------------------------------------------------------


def test_prompt_of_the_longest_length_is_taken() -> None:
    """The limit counts the characters that the person typed, not Slack's escapes."""
    assert parse("create " + "&amp;" * 100_000) == create("&" * 100_000)


def refused(text: str) -> UserError:
    """The error that a text gives."""
    with pytest.raises(UserError) as caught:
        parse(text)
    return caught.value


@given(st.text())
def test_offer_to_start_a_task_keeps_what_was_typed(words: str) -> None:
    """The button under a question starts a task with exactly the words that were typed."""
    typed = f"fix <this> & that {words}"
    offer = refused(escaped(typed)).offers[0]
    assert isinstance(offer, Offer)
    assert parse(offer.command) == create(typed)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_has_help(name: str) -> None:
    """Each verb and alias can be asked about in both ways, and shows its own name in its usage."""
    topic = VERBS[name].name
    assert parse(f"help {name}") == parse(f"{name} --help") == commands.Help(topic=topic)
    assert VERBS[name].usage.split()[0] == topic


PIECE = st.one_of(
    st.sampled_from(sorted(VERBS)),
    st.sampled_from(
        ["-t", "--name", "--lines", "--all", "--yes", "--", "—", "--x", "-", "=", '"', "“", "'", "\\", "<"]
    ),
    st.sampled_from([" ", "\n", "\u00a0", "<@U1>", "<#C1|>", "<https://a.b|c d>", "&amp;", "\ud800", "\0"]),
    st.text(max_size=5),
)


@given(st.text() | st.lists(PIECE).map("".join) | st.lists(PIECE).map(" ".join))
def test_any_text_is_a_command_or_an_error_that_people_can_read(text: str) -> None:
    """Nothing that can be typed makes the grammar fail; its errors are short, its offers fit a button."""
    with contextlib.suppress(UserError):
        COMMAND.validate_json(COMMAND.dump_json(parse(text)))
        return
    error = refused(text)
    assert error.title
    assert len(f"{error.title} {error.cause} {error.step}") < 600
    for offer in error.offers:
        assert isinstance(offer, Offer)
        assert len(offer.label) <= 30
        assert len(offer.command) <= 1_900
