"""What people press in Slack's client: commands, buttons, menus, shortcuts, and the forms they fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack import limits
from bot.sandbox.slack.forms import answer_submission, close_views, top_view
from bot.sandbox.slack.payloads import Payloads
from bot.sandbox.slack.people import Parts, failure
from bot.sandbox.slack.records import Channel, ClientRefused, Delivery, Message, Refused, User, View
from bot.sandbox.slack.response_urls import respond
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.typed_text import plain_command_text, typed_text
from bot.sandbox.slack.view_state import (
    FIELDS,
    Element,
    elements,
    find_element,
    form_errors,
    kept_state,
    pick,
    shown_options,
    state_value,
)


@dataclass
class Answer:
    """How the app answered: `error` is what the user reads when it did not, `problems` what Slack found wrong in it.

    `message` is what an answered command says at once, `response_action` and `errors` what a submitted form came to,
    `options` what a menu shows. `delivery` is None when Slack's client had nothing to send.
    """

    ok: bool = True
    error: str | None = None
    body: Json = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    delivery: Delivery | None = None
    message: Message | None = None
    response_action: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    options: list[Json] = field(default_factory=list)

    def refuse(self, refused: Refused) -> Answer:
        """Say that Slack refused what the app answered."""
        self.ok, self.error = False, refused.error
        self.problems = list(refused.more.get("response_metadata", {}).get("messages", []))
        return self


class Pressing(Parts):
    """People who use commands, buttons, menus, shortcuts and forms."""

    @property
    def payloads(self) -> Payloads:
        """The payloads of this workspace."""
        return Payloads(self.workspace)

    async def _ask(self, kind: str, type_: str, payload: Json) -> Answer:
        delivery, ack = await self.deliverer.ask(kind, type_, payload)
        error = failure(delivery)
        return Answer(ok=error is None, error=error, body=ack.answer, delivery=delivery)

    async def command(self, user: User | str, channel: Channel | str, command: str, text: str = "") -> Answer:
        """Type a slash command (never in a thread: Slack does not let apps have them there)."""
        who, where = self.place(user, channel)
        if self.grants.commands is not None and command not in self.grants.commands:
            raise ClientRefused(f"{command} is not a valid command")
        write = typed_text if self.grants.escapes(command) else plain_command_text
        url = self.workspace.new_response_url(where.id, who.id)
        payload = self.payloads.command(who, where, command, write(self.workspace, text), url)
        answer = await self._ask("slash_commands", command, payload)
        if answer.ok and (answer.body.get("text") or answer.body.get("blocks")):
            try:
                answer.message = respond(self.site, url, answer.body)
            except Refused as refused:
                return answer.refuse(refused)
        return answer

    async def click(
        self,
        user: User | str,
        where: Message | View,
        action_id: str,
        *,
        value: str | None = None,
        selected: Any = None,
        block_id: str | None = None,
    ) -> Answer:
        """Press a button (its `value` tells equal action_ids apart), or choose or type `selected` in an element.

        `where` is a message, an ephemeral one, a modal or a Home tab; a link button sends its action too.
        """
        who = self.user_of(user)
        self._visible(who, where)
        element = find_element(where.blocks, action_id, value, block_id)
        if who.id not in element.body.get("visible_to_user_ids", [who.id]):
            raise ClientRefused(f"{who.name} does not see {action_id}")
        action = await self._action(who, where, element, selected)
        if element.block.get("type") == "input" and not element.block.get("dispatch_action"):
            return Answer()  # an input block keeps what was chosen until the form is submitted
        payload = self.payloads.block_actions(who, where, element, action)
        return await self._ask("interactive", "block_actions", payload)

    async def _action(self, who: User, where: Message | View, element: Element, selected: Any) -> Json:
        """What an action carries of its element; what was chosen also becomes part of the state."""
        if element.type == "overflow":
            return {"selected_option": pick(shown_options(element), selected)}
        if element.type not in FIELDS:
            return {name: element.body[name] for name in ("text", "value", "style", "url") if name in element.body}
        options = await self._menu(who, where, element, selected)
        chosen = state_value(element, selected, options)
        state = where.typed if isinstance(where, View) else self._message_state(who, where)
        state.setdefault(element.block_id, {})[element.action_id] = chosen
        return chosen

    def _message_state(self, who: User, message: Message) -> dict[str, dict[str, Json]]:
        message.typed[who.id] = kept_state(message.typed.get(who.id, {}), message.blocks)
        return message.typed[who.id]

    async def _menu(self, who: User, where: Message | View, element: Element, selected: Any) -> list[Json]:
        """The options of a menu; those of an external one are asked for, unless whole options were given."""
        if "external" not in element.type:
            return shown_options(element)
        given = [one for one in (selected if isinstance(selected, list) else [selected]) if one is not None]
        if all(isinstance(one, dict) for one in given):
            return given
        answer = await self._suggest(who, where, element, "")
        return [*answer.options, *shown_options(element)]

    async def options(
        self,
        user: User | str,
        action_id: str,
        query: str = "",
        where: Message | View | None = None,
        *,
        block_id: str | None = None,
    ) -> Answer:
        """Type in an external menu (of the topmost modal, unless `where` says otherwise); `options` is what it shows.

        Nothing is asked below the menu's min_query_length, which is 3 when the app does not set it.
        """
        who = self.user_of(user)
        container = where or top_view(self.workspace, who.id)
        self._visible(who, container)
        element = find_element(container.blocks, action_id, block_id=block_id)
        if len(query) < element.body.get("min_query_length", 3):
            return Answer()
        return await self._suggest(who, container, element, query)

    async def _suggest(self, who: User, where: Message | View, element: Element, query: str) -> Answer:
        payload = self.payloads.block_suggestion(who, where, element, query)
        answer = await self._ask("interactive", "block_suggestion", payload)
        problems = limits.options_problems(answer.body) if answer.ok else []
        if problems:
            answer.ok, answer.error, answer.problems = False, "invalid_options", [str(one) for one in problems]
            return answer
        answer.options = list(answer.body.get("options") or [])
        for group in answer.body.get("option_groups") or []:
            answer.options += group["options"]
        return answer

    async def shortcut(self, user: User | str, callback_id: str, message: Message | None = None) -> Answer:
        """Use a global shortcut, or one on a message."""
        who = self.user_of(user)
        kind = "message" if message else "global"
        if self.grants.shortcuts is not None and self.grants.shortcuts.get(callback_id) != kind:
            raise ClientRefused(f"the manifest has no {kind} shortcut {callback_id}")
        if message is not None:
            self._visible(who, message)
            if message.only_for is not None:
                raise ClientRefused("shortcuts are not offered on ephemeral messages")
        payload = self.payloads.shortcut(who, callback_id, message)
        return await self._ask("interactive", callback_id, payload)

    async def submit(self, user: User | str, view: View, values: Mapping[str, Any] | None = None) -> Answer:
        """Fill in a modal (by block_id or action_id) and submit it.

        A required field left empty is refused by the client, as in Slack.
        """
        who = self.user_of(user)
        self._visible(who, view)
        for name, given in (values or {}).items():
            await self._fill(who, view, name, given)
        if complaints := form_errors(view.blocks, view.typed):
            raise ClientRefused(f"the form cannot be submitted: {complaints}")
        answer = await self._ask("interactive", "view_submission", self.payloads.view_submission(who, view))
        if not answer.ok:
            return answer
        answer.response_action = str(answer.body.get("response_action") or "close")
        answer.errors = dict(answer.body.get("errors") or {})
        try:
            answer_submission(self.workspace, view, answer.body)
        except Refused as refused:
            return answer.refuse(refused)
        return answer

    async def _fill(self, who: User, view: View, name: str, given: Any) -> None:
        fits = [one for one in elements(view.blocks) if name in (one.block_id, one.action_id) and one.type in FIELDS]
        if len(fits) != 1:
            shown = [(one.block_id, one.action_id) for one in elements(view.blocks)]
            raise ClientRefused(f"{len(fits)} fields fit {name!r}; shown: {shown}")
        options = await self._menu(who, view, fits[0], given)
        view.typed[fits[0].block_id][fits[0].action_id] = state_value(fits[0], given, options)

    def keep(self, user: User | str, view: View, block_id: str, value: Json) -> None:
        """Remember what stands in a field while a form is filled in: the app does not hear of it before the submit.

        `value` is Slack's state value; for a field that is not (or no longer) there nothing happens.
        """
        self._visible(self.user_of(user), view)
        for one in elements(view.blocks):
            if one.block_id == block_id and one.type in FIELDS and one.type == value.get("type"):
                field_name = FIELDS[one.type][0]
                view.typed[block_id][one.action_id] = {"type": one.type, field_name: value.get(field_name)}

    async def close(self, user: User | str, view: View) -> Answer:
        """Close a modal with its close button; the app hears it if the view asked for that."""
        who = self.user_of(user)
        self._visible(who, view)
        cleared = bool(view.body.get("clear_on_close"))
        payload = self.payloads.view_closed(who, view, is_cleared=cleared)
        close_views(self.workspace, view, whole_stack=cleared)
        if not view.body.get("notify_on_close"):
            return Answer()
        return await self._ask("interactive", "view_closed", payload)

    def _visible(self, who: User, where: Message | View) -> None:
        if isinstance(where, View):
            if where.closed or where.user != who.id:
                raise ClientRefused(f"{who.name} has no open view {where.id}")
            if where.body["type"] == "modal" and top_view(self.workspace, who.id) is not where:
                raise ClientRefused(f"view {where.id} is covered by another")
            return
        channel = self.workspace.channels[where.channel]
        hidden = where.only_for not in (None, who.id) or (channel.kind != "public" and who.id not in channel.members)
        if where.deleted or hidden:
            raise ClientRefused(f"{who.name} does not see message {where.ts}")
