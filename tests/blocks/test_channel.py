"""What a channel watches and what holds in it, and direct messages: the guide's samples, and safe with any text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import channel, notes, watch
from bot.blocks.card import card
from bot.blocks.elements import words
from bot.blocks.forms.settings import ChannelForm, News, channel_form
from bot.models import (
    Change,
    ChannelSettings,
    Condition,
    Content,
    Level,
    Preset,
    PromptRule,
    StartRule,
    Template,
    Watch,
)
from bot.sandbox.slack.limits import view_problems
from tests.blocks.answer_rules import assert_like, sample
from tests.blocks.rules import HOSTILE, check, shown
from tests.blocks.sample_views import at, payload, view
from tests.blocks.test_card import without_steering
from tests.blocks.test_task_forms import wanted_view

CHANNEL = "C0PAYMENTS1"
CLAUDE = Template(
    id="claude-code", name="claude-code", title="Claude Code", version_id="v", usual_start=120.0, organization_id="o"
)
PRESETS = (
    Preset(id="medium", name="Medium", description="4 cores, 8 GB", is_default=True),
    Preset(id="large", name="Large memory", description="8 cores, 32 GB"),
    Preset(id="data", name="Data tools", description="4 cores, dbt and DuckDB"),
)
CHANGES = st.builds(
    Change,
    condition=st.sampled_from(
        [Condition.WAITING, Condition.COMPLETE, Condition.FAILED, Condition.BUILD_FAILED, Condition.GONE]
    ),
    at=st.just(1795356120.0),
    turn=st.just(0),
    message=HOSTILE,
    uri=HOSTILE,
    seconds=st.one_of(st.none(), st.floats(0, 1e6)),
    before=st.just(Condition.WORKING),
)


def watching(**changes: Any) -> Watch:
    """Ana's watch of the samples."""
    known = {
        "channel": CHANNEL,
        "template": "Claude Code",
        "events": ("complete", "failed"),
        "set_by": "U0ANA00001",
        "set_by_name": "Ana Ruiz",
        "set_by_coder": "ana",
        "sees_all": True,
    }
    return Watch.model_validate({**known, **changes})


def test_a_watch_is_shown_as_in_the_guide() -> None:
    """What is watched is listed as in the sample; that it is on says it of cards, which are more than one line."""
    assert_like(watch.watch_list(CHANNEL, [watching()]), "slash.watch_list")
    made, wanted = watch.watch_on("Ana Ruiz", watching()), sample("slash.watch_on")
    assert "One card each, no mentions." in shown(made)
    if wanted is not None:
        assert made.text == wanted[0]
        assert json.loads(json.dumps(made.blocks).replace("One card each", "One line each")) == wanted[1]


def test_settings_are_shown_as_in_the_guide() -> None:
    """The answer is the sample, apart from shared channels, where everything is shown as elsewhere."""
    known = ChannelSettings(
        channel=CHANNEL,
        template="claude-code",
        preset="Medium",
        level=Level.IMPORTANT,
        changed_by="U0ANA00001",
        changed_by_name="Ana Ruiz",
        changed_at=1795176120.0,
    )
    made, wanted = channel.settings_answer(known, "Claude Code", [watching()]), sample("slash.settings")
    assert made.blocks[0]["elements"][0]["elements"][1] == {"type": "channel", "channel_id": CHANNEL}
    if wanted is None:
        return
    listed = wanted[1][0]["elements"][1]["elements"]
    del listed[-2:]
    listed[-1]["text"] = listed[-1]["text"].rstrip("\n")
    assert (made.text, made.blocks) == wanted


def test_the_form_is_the_guides() -> None:
    """The form is the sample: nobody links an account here, and what no task has is not asked for."""
    form = channel_form(
        ChannelForm(
            "f",
            CHANNEL,
            CLAUDE,
            PRESETS,
            preset="Medium",
            level=Level.IMPORTANT,
            news=News(frozenset({"complete", "failed"})),
        )
    )
    assert not view_problems(form.payload)
    made, wanted = form.payload, wanted_view("modal.settings")
    text = json.dumps(wanted, ensure_ascii=False).replace(
        "Everyone with a linked account", "Everyone with a Coder account"
    )
    text = text.replace('"linked"', '"anyone"').replace('"value": "off"', '"value": "nobody"')
    text = text.replace("Everyone whose Coder account has access", "Everyone with a Coder account")
    text = text.replace('"access"', '"anyone"').replace(
        "With their own rights, never the owner’s", "Unless a task’s owner has chosen otherwise"
    )
    text = text.replace(
        "One line per event, no mentions, for tasks that have no card here.",
        "One card per task, no mentions, for tasks that nobody started from Slack.",
    )
    expected = json.loads(text)
    expected["private_metadata"] = made["private_metadata"]
    expected["blocks"] = [block for block in expected["blocks"] if block["block_id"] != "privacy"]
    expected["blocks"][1]["optional"] = True  # a channel need not have a template
    assert made == expected


def test_news_is_as_in_the_guide() -> None:
    """A direct message about a complete task reads as the sample's line of news."""
    done = Change(
        condition=Condition.COMPLETE,
        at=1795356120.0,
        turn=0,
        uri="https://github.com/acme/invoices/pull/71",
        seconds=22 * 60,
        before=Condition.WORKING,
    )
    url = "https://coder.example.com/tasks/ana/7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a9e39"
    made, wanted = notes.task_news("Bump Go to 1.25 in invoices", done, url), sample("channel.news_complete")
    assert made.text.startswith("Your task Bump Go to 1.25 in invoices: complete after 22 min.")
    if wanted is not None:
        line = wanted[1][0]["elements"][0]["elements"]
        assert made.blocks[0]["elements"][0]["elements"] == line[:-1]


@given(CHANGES, HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=60, deadline=None)
def test_direct_messages_hold_the_rules(change: Change, title: str, url: str, card: str) -> None:
    """Whatever stands in a task, its direct message keeps Slack's limits and mentions nobody."""
    check(notes.task_news(title, change, url, card))


@given(HOSTILE, HOSTILE, HOSTILE, st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_watches_and_settings_hold_the_rules(name: str, template: str, owner: str, count: int) -> None:
    """Names of people and templates may be anything, and there may be many watches."""
    every = [watching(owner_name=owner, template=template, events=("created", "error"))] * count
    kept = ChannelSettings(
        channel=CHANNEL,
        preset=template,
        start=StartRule.NOBODY,
        prompts=PromptRule.ANYONE,
        changed_by_name=name,
        changed_at=1795176120.0,
    )
    made = [
        watch.watch_list(CHANNEL, every),
        watch.watch_on(name, watching(owner_name=owner, template=template)),
        watch.watch_off(name),
        watch.already_here(name, words("x")),
        watch.unfollowed(name),
        channel.settings_answer(kept, template, every),
        channel.settings_changed(name, kept, template, every),
        notes.cleaned(count, count // 2, count // 3),
    ]
    for content in made:
        check(content)


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=200))
@settings(max_examples=30, deadline=None)
def test_clean_up_holds_the_rules(named: list[tuple[str, str]]) -> None:
    """However many tasks there are, and whatever they are called, one message holds ten of them at most."""
    finished = [
        notes.Finished(f"7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a{number:04}", title, name, Condition.PAUSED, 1795356120.0)
        for number, (title, name) in enumerate(named)
    ]
    made = notes.clean_up(finished)
    rows = [block for block in made.blocks if block["type"] == "section"]
    assert 1 <= len(rows) <= 10
    assert len(rows) == min(10, len(named)) or "more" in shown(made)
    check(Content(made.text, [made.blocks[0], *made.blocks[len(rows) + 1 :]]))
    for row in rows:
        check(Content(made.text, [row]))


@pytest.mark.parametrize("text", ["x" * 50_000, "\U0001f389" * 300, "<!channel> *b*", "\u202eRTL"])
def test_the_form_keeps_slacks_limits(text: str) -> None:
    """Hostile names of templates and presets fit into the form."""
    template = CLAUDE.model_copy(update={"title": text, "name": text[:64]})
    presets = [Preset(id=f"p{number}", name=text, description=text) for number in range(200)]
    form = ChannelForm("f", CHANNEL, template, presets, news=News(frozenset({"failed"}), template))
    assert not view_problems(channel_form(form).payload)


def test_a_followed_card_is_the_guides() -> None:
    """A card that was brought here says by whom; one that nobody follows here any more says that, and rests."""
    shown_here = view(Condition.WORKING, since=at("14:06"), now=at("14:19"), shown_by="Bo Lindqvist")
    made = card(shown_here)
    wanted = payload("channel.watch_task")
    assert (made.text, without_steering(made.blocks)) == (wanted["text"], wanted["blocks"])


@given(HOSTILE)
@settings(max_examples=40, deadline=None)
def test_a_card_at_rest_holds_the_rules(name: str) -> None:
    """Whoever ended it, the card keeps its limits and leaves nothing to press but the way to Coder."""
    rests = view(Condition.WAITING, shown_by=name, unfollowed_by=name, unfollowed_at=at("14:35"))
    made = card(rests)
    check(made)
    assert "no longer follows the task" in shown(made)
    assert [one["action_id"] for block in made.blocks if block["type"] == "actions" for one in block["elements"]] == [
        "task.open"
    ]
