"""The new-task form: like the guide's samples, and taken by Slack whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.forms.failed import failed
from bot.blocks.forms.fields import PART_CHARACTERS, PROMPT_PARTS, preset_field, split_prompt, template_option
from bot.blocks.forms.loading import loading
from bot.blocks.forms.new_task import CALLBACK, TITLE, NewTask, Thread, new_task
from bot.blocks.forms.quoted import NEUTRAL_PROMPT
from bot.blocks.sourced import is_cut, prompt_from_message, source_note, source_outcome
from bot.models import (
    Change,
    Condition,
    Content,
    Enclosed,
    Level,
    Place,
    Preset,
    Quote,
    SourceMessage,
    SourceThread,
    Template,
    View,
)
from bot.problems import coder_unreachable
from bot.sandbox.slack import limits
from tests.blocks.rules import HOSTILE, check

SAMPLES = Path(__file__).parents[3] / "shared/reference/messages/blocks"
AT = 1795354980.0
LINK = "https://acme.slack.com/archives/C0OPS00001/p1795355000000100"
SAID = "payments-api p99 went from 180 ms to 2.1 s after today’s deploy, only on /v2/refunds. Anyone looking?"
CLAUDE = Template(id="claude-code", name="claude-code", title="Claude Code", version_id="v1", usual_start=120.0)
CODEX = Template(
    id="codex-monorepo", name="codex-monorepo", title="Codex for the monorepo", version_id="v2", usual_start=240.0
)
SIZES = (
    Preset(id="medium", name="Medium", description="4 cores, 8 GB", is_default=True),
    Preset(id="large", name="Large memory", description="8 cores, 32 GB"),
    Preset(id="data", name="Data tools", description="4 cores, dbt and DuckDB"),
)
BUILDS = tuple(
    Preset(id=id_, name=name, parameters=(("repo", "r"), ("cores", "4"), ("cache", "on")))
    for id_, name in (("bc4", "Build cache, 4 cores"), ("bc16", "Build cache, 16 cores"))
)
KNOWN = NewTask(form_id="f", template=CLAUDE, presets=SIZES)
MESSAGE = SourceMessage(
    place=Place(channel="C0OPS00001", ts="1795355000.000100", link=LINK),
    user="U0BO000001",
    author="Bo Lindqvist",
    text=SAID,
    at=AT,
)


def sample(name: str) -> list[dict[str, Any]]:
    """The blocks of a sample; later parts of a prompt may be left empty, which the samples do not say."""
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip("the guide's sample payloads are not beside this checkout")
    blocks: list[dict[str, Any]] = json.loads(path.read_text())["payload"]["view"]["blocks"]
    return [{**block, "optional": True} if block["block_id"] in ("prompt.2", "prompt.3") else block for block in blocks]


def blocks(view: View, *without: str) -> list[dict[str, Any]]:
    """The blocks of a form but for those that the samples do not have."""
    return [block for block in view.payload["blocks"] if block["block_id"] not in ("tell", *without)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("modal.new_task", KNOWN),
        ("modal.new_task_no_template", NewTask(form_id="f")),
        (
            "modal.new_task_preset_required",
            NewTask(form_id="f", template=CODEX, presets=BUILDS, required=("repo",)),
        ),
        ("modal.new_task_long", NewTask(form_id="f", template=CLAUDE, presets=SIZES, parts=("", "", ""))),
    ],
)
def test_forms_are_like_the_samples(name: str, shown: NewTask) -> None:
    """The fields, their words and their order are the guide's."""
    assert blocks(new_task(shown)) == sample(name)


def _from_message(thread: Thread = Thread.TAKEN, replies: SourceThread | None = None) -> NewTask:
    return NewTask(
        form_id="f",
        template=CLAUDE,
        presets=SIZES,
        parts=(NEUTRAL_PROMPT,),
        thread=thread,
        message=MESSAGE,
        replies=replies,
    )


def test_a_form_from_a_message_is_like_the_sample() -> None:
    """The prompt comes first, the quotation is set apart, and what goes along is ticked."""
    texts = [3_204 // 12] * 12
    quotes = [Quote(author=f"P{n % 4}", text="x" * length, at=AT) for n, length in enumerate(texts)]
    view = new_task(_from_message(replies=SourceThread(quotes=tuple(quotes))))
    assert blocks(view, "place.taken") == sample("modal.from_message")


def test_loading_is_like_the_sample() -> None:
    """What opens at once has the same title and the same way out."""
    view = loading(CALLBACK, TITLE, "f").payload
    assert view["blocks"] == sample("modal.loading")
    assert (view["title"]["text"], view["callback_id"], "submit" in view) == ("New Coder task", "new", False)


def test_the_card_goes_where_the_form_says() -> None:
    """The message's thread is offered first, where it is free."""
    free = {block["block_id"]: block for block in new_task(_from_message(Thread.FREE)).payload["blocks"]}
    assert free["place"]["element"]["initial_option"]["value"] == "thread"
    taken = new_task(_from_message(Thread.TAKEN)).payload["blocks"]
    assert "place" not in {block["block_id"] for block in taken}
    assert "has a task that has not ended" in json.dumps(taken)


def test_presets_that_a_task_could_not_start_with_are_left_out() -> None:
    """Where a parameter has to be set, only presets that set it are offered, and none is chosen beforehand."""
    half = Preset(id="half", name="Half", is_default=True)
    made = preset_field(CODEX, (*BUILDS, half), ("repo",))
    assert made is not None
    assert [option["value"] for option in made["element"]["options"]] == ["pst:bc4", "pst:bc16"]
    assert "initial_option" not in made["element"]
    again = preset_field(CODEX, BUILDS, ("repo",), "Build cache, 16 cores")
    assert again is not None
    assert again["element"]["initial_option"]["value"] == "pst:bc16"
    assert preset_field(CODEX, (half,), ("repo",)) is None
    unusable = new_task(NewTask(form_id="f", template=CODEX, presets=(half,), required=("repo",)))
    assert "cannot be used for tasks yet" in json.dumps(unusable.payload)


def test_names_of_presets_and_organizations_say_which_is_meant() -> None:
    """A template of several organizations names its own; what a preset without a description sets is said."""
    assert (
        "organization research"
        in template_option(CLAUDE.model_copy(update={"organization": "research"}), several=True)["description"]["text"]
    )
    made = preset_field(CODEX, BUILDS)
    assert made is not None
    assert made["element"]["options"][0]["description"]["text"] == "repo, cores and cache are set"


# -- whatever is in it -------------------------------------------------------------------------------------------------

# Few texts in many places: what a failure prints must not be endless.
texts = st.tuples(HOSTILE, HOSTILE, HOSTILE)


@settings(max_examples=40, deadline=None)
@given(texts, st.integers(0, 300), st.booleans())
def test_slack_takes_every_form(given_texts: tuple[str, str, str], count: int, quoted: bool) -> None:  # noqa: FBT001 - from hypothesis
    """Names of any length, 300 presets, 50 kB of prompt, markup: the form keeps Slack's limits and no markup acts."""
    prompt, title, said = given_texts
    name, about, author, file, words = said, prompt, title, prompt, title
    template = Template(
        id="t" * 36, name=name[:32] or "n", title=title, description=about, version_id="v", organization=name
    )
    presets = [Preset(id=f"p{n}", name=f"{title}{n}", description=about) for n in range(count)]
    message = MESSAGE.model_copy(
        update={"text": said, "author": author, "files": (Enclosed(name=file, link=file),) * 20}
    )
    replies = SourceThread(quotes=(Quote(author=author, text=said, at=AT),) * 3, dropped=count, left_out=count)
    prompt = prompt.encode("utf-8", "replace").decode()  # as whatever comes from Slack
    parts = split_prompt(prompt)
    shown = NewTask(
        form_id="f" * 32,
        template=template,
        presets=presets,
        preset=f"p{count // 2}",
        several=True,
        parts=parts or [""],
        kept="" if parts else prompt,
        level=Level.QUIET,
        tell=True,
        thread=Thread.FREE,
        message=message if quoted else None,
        replies=replies,
        facts=(words,) * 12,
    )
    view = new_task(shown).payload
    assert not limits.view_problems(view)
    assert not limits.view_too_large(view)
    assert '"mrkdwn"' not in json.dumps(view)
    assert not limits.options_problems({"options": [template_option(template, several=True)]})


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_a_split_prompt_is_the_whole_prompt(prompt: str) -> None:
    """Nothing is lost between the fields, and each fits also where Slack counts an emoji twice."""
    parts = split_prompt(prompt)
    if parts is None:
        assert len(prompt.encode("utf-16-le", "surrogatepass")) // 2 > PART_CHARACTERS * PROMPT_PARTS - PROMPT_PARTS
        return
    assert "".join(parts) == prompt
    assert len(parts) <= PROMPT_PARTS
    assert all(len(part.encode("utf-16-le", "surrogatepass")) // 2 <= PART_CHARACTERS for part in parts)


@settings(max_examples=30, deadline=None)
@given(HOSTILE, HOSTILE)
def test_slack_takes_every_reason(title: str, cause: str) -> None:
    """A form that cannot be filled says why in words that Slack takes."""
    error = coder_unreachable(title + cause)
    for again in (True, False):
        view = failed(CALLBACK, TITLE, "f" * 32, error, again=again).payload
        assert not limits.view_problems(view)


# -- in the threads ----------------------------------------------------------------------------------------------------


def _payload(name: str) -> tuple[str, list[dict[str, Any]]]:
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip("the guide's sample payloads are not beside this checkout")
    read = json.loads(path.read_text())["payload"]
    return read["text"], read["blocks"]


def test_the_first_reply_keeps_words_apart() -> None:
    """The person's own words and what others wrote are two blocks, and the source is linked."""
    quote = Quote(author="Bo Lindqvist", text=SAID, at=AT)
    made = prompt_from_message("Ana Ruiz", "Find out why and propose a fix. Do not merge anything.", [quote], LINK)
    assert made.blocks == _payload("thread.03_prompt_from_message")[1]
    short = prompt_from_message("Ana Ruiz", "Find out why and propose a fix.", [quote], LINK)
    assert short.text == _payload("thread.03_prompt_from_message")[0]
    assert not is_cut("Find out", [quote])
    assert is_cut("Find out", [quote, quote])


def test_the_source_note_is_like_the_sample() -> None:
    """It names the person and leads to the card."""
    card = "https://acme.slack.com/archives/C0PAYMENTS1/p1795356121000100"
    made = source_note("Ana Ruiz", "Fix flaky login test", card)
    assert (made.text, made.blocks) == _payload("thread.23_source_note")


@settings(max_examples=50, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(Condition))
def test_threads_take_everything(one: str, two: str, three: str, condition: Condition) -> None:
    """Hostile words in every place keep all rules of messages."""
    quotes = [Quote(author=one, text=two, at=AT), Quote(author=two, text=three, at=AT)]
    change = Change(condition=condition, at=AT, turn=0, uri=three, before=Condition.WORKING)
    made: list[Content] = [
        prompt_from_message(one, two, quotes, three),
        prompt_from_message(one, two, quotes[:1], LINK),
        source_note(one, two, three),
        source_note(one, two, LINK),
        source_outcome(one, two, change),
        source_outcome(one, LINK, change),
    ]
    for content in made:
        if "prompt.how" in {block["block_id"] for block in content.blocks}:
            content.blocks[-1]["elements"].pop()  # the legend of reactions has three symbols of its own
        check(content)
