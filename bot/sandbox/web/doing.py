"""What people do in the page: each action is done in the local Slack as the person who is chosen there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from bot.sandbox.controls import Controls
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import ClientRefused, Message, User, View
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.view_state import form_errors
from bot.sandbox.web import asked
from bot.sandbox.web.eyes import Eyes

A = TypeVar("A", bound=asked.Asked)
Do = Callable[[User, Any], Awaitable[Json]]

_FAILURES: Final = {
    "operation_timeout": "The app did not answer within 3 seconds (operation_timeout).",
    "dispatch_failed": "The app is not connected (dispatch_failed).",
}
_DONE: Final[Json] = {"ok": True}


class Doing:
    """Every action of the page, by its name."""

    def __init__(self, slack: SlackServer, controls: Controls, reads: dict[tuple[str, str], str]) -> None:
        self._slack, self._controls, self._reads = slack, controls, reads
        self.actions: dict[str, tuple[type[asked.Asked], Do]] = {
            "post": (asked.Post, self._post),
            "edit": (asked.Edit, self._edit),
            "delete": (asked.OnMessage, self._delete),
            "react": (asked.React, self._react),
            "unreact": (asked.React, self._unreact),
            "read": (asked.OnMessage, self._read),
            "command": (asked.Command, self._command),
            "click": (asked.Click, self._click),
            "options": (asked.Options, self._options),
            "shortcut": (asked.Shortcut, self._shortcut),
            "fill": (asked.Fill, self._fill),
            "submit": (asked.Fill, self._submit),
            "close": (asked.Fill, self._close),
            "open_home": (asked.OpenHome, self._open_home),
            "switch": (asked.Switching, self._switch),
            "speed": (asked.Speed, self._speed),
            "restart": (asked.Asked, self._restart),
            "kill": (asked.Asked, self._kill),
        }

    async def do(self, name: str, body: bytes) -> Json:
        """Do one action; LookupError for one that is not there, ValidationError for a wrong body."""
        model, act = self.actions[name]
        wish = model.model_validate_json(body)
        try:
            user = self._slack.workspace.users[wish.user]
            return await act(user, wish)
        except ClientRefused as refused:
            return {"ok": False, "error": f"Slack does not let you do that: {refused}."}
        except LookupError:
            return {"ok": False, "error": "That is not there any more."}

    # -- messages --------------------------------------------------------------------------------------------------

    async def _post(self, user: User, wish: asked.Post) -> Json:
        files = [(file.name, file.content) for file in wish.files]
        ts = await self._slack.post(user, wish.channel, wish.text, wish.thread_ts, files=files, wait=False)
        return {"ok": True, "ts": ts}

    async def _edit(self, user: User, wish: asked.Edit) -> Json:
        await self._slack.edit(user, wish.channel, wish.ts, wish.text)
        return _DONE

    async def _delete(self, user: User, wish: asked.OnMessage) -> Json:
        await self._slack.delete(user, wish.channel, wish.ts)
        return _DONE

    async def _react(self, user: User, wish: asked.React) -> Json:
        await self._slack.react(user, wish.channel, wish.ts, wish.name)
        return _DONE

    async def _unreact(self, user: User, wish: asked.React) -> Json:
        await self._slack.unreact(user, wish.channel, wish.ts, wish.name)
        return _DONE

    async def _read(self, user: User, wish: asked.OnMessage) -> Json:
        key = (user.id, wish.channel)
        if self._reads.get(key, "") < wish.ts:
            self._reads[key] = wish.ts
            self._slack.feed.tell("read", user=user.id, channel=wish.channel, ts=wish.ts)
        return _DONE

    async def _command(self, user: User, wish: asked.Command) -> Json:
        word, _, rest = wish.text.strip().replace("\n", " \n", 1).partition(" ")
        if word in ("/invite", "/remove"):
            return await self._bring(user, wish.channel, word, rest)
        if self._slack.grants.commands is not None and word not in self._slack.grants.commands:
            return {"ok": False, "error": f"{word} is not a valid command. This workspace knows {self._known()}."}
        return _told(await self._slack.command(user, wish.channel, word, rest.strip()))

    def _known(self) -> str:
        return ", ".join([*(self._slack.grants.commands or {}), "/invite", "/remove"])

    async def _bring(self, user: User, channel: str, word: str, rest: str) -> Json:
        """Slack's own /invite and /remove."""
        who, where = self._slack.place(user, channel)
        names = {one.name: one for one in self._slack.workspace.users.values()}
        names |= {one.real_name: one for one in names.values()}
        found = names.get(rest.strip().lstrip("@"))
        if found is None:
            return {"ok": False, "error": f"{word} whom? For example: {word} @{self._slack.bot_user.name}"}
        if word == "/invite":
            await self._slack.join(found, where, who)
        else:
            await self._slack.leave(found, where)
        return _DONE

    # -- elements ----------------------------------------------------------------------------------------------------

    async def _click(self, user: User, wish: asked.Click) -> Json:
        where = self._where(user, wish)
        press = self._slack.click(
            user, where, wish.action_id, value=wish.value, selected=wish.selected, block_id=wish.block_id
        )
        return _told(await press)

    async def _options(self, user: User, wish: asked.Options) -> Json:
        where = self._where(user, wish)
        answer = await self._slack.options(user, wish.action_id, wish.query, where, block_id=wish.block_id)
        groups = answer.body.get("option_groups") if answer.ok else None
        return {**_told(answer), "options": answer.options, "option_groups": groups}

    async def _shortcut(self, user: User, wish: asked.Shortcut) -> Json:
        message = self._message(user, wish.channel, wish.ts) if wish.channel and wish.ts else None
        return _told(await self._slack.shortcut(user, wish.callback_id, message))

    def _where(self, user: User, wish: asked.Place) -> Message | View:
        if wish.view is not None:
            return self._slack.workspace.views[wish.view]
        return self._message(user, wish.channel, wish.ts)

    def _message(self, user: User, channel: str | None, ts: str | None) -> Message:
        found = Eyes(self._slack, user).find(channel or "", ts or "")
        if found is None:
            raise LookupError(ts)
        return found

    # -- forms -------------------------------------------------------------------------------------------------------

    def _kept(self, user: User, wish: asked.Fill) -> View:
        view = self._slack.workspace.views[wish.view]
        for block_id, value in wish.values.items():
            self._slack.keep(user, view, block_id, value)
        return view

    async def _fill(self, user: User, wish: asked.Fill) -> Json:
        self._kept(user, wish)
        return _DONE

    async def _submit(self, user: User, wish: asked.Fill) -> Json:
        view = self._kept(user, wish)
        complaints = form_errors(view.blocks, view.typed)
        if complaints:
            errors = {block_id: f"This {complaint}." for block_id, complaint in complaints.items()}
            return {"ok": True, "response_action": "errors", "errors": errors}
        answer = await self._slack.submit(user, view)
        return {**_told(answer), "response_action": answer.response_action, "errors": answer.errors}

    async def _close(self, user: User, wish: asked.Fill) -> Json:
        return _told(await self._slack.close(user, self._kept(user, wish)))

    async def _open_home(self, user: User, wish: asked.OpenHome) -> Json:
        await self._slack.open_home(user, wish.tab)
        return _DONE

    # -- the sandbox itself ------------------------------------------------------------------------------------------

    async def _switch(self, _: User, wish: asked.Switching) -> Json:
        self._controls.set(wish.name, wish.on)
        return _DONE

    async def _speed(self, _: User, wish: asked.Speed) -> Json:
        self._controls.set_speed(wish.value)
        return _DONE

    async def _restart(self, _: User, __: asked.Asked) -> Json:
        await self._controls.restart_bot()
        return _DONE

    async def _kill(self, _: User, __: asked.Asked) -> Json:
        await self._controls.kill_bot()
        return _DONE


def _told(answer: Answer) -> Json:
    """What the page must know of an answer."""
    if answer.ok:
        return {"ok": True}
    error = _FAILURES.get(str(answer.error), f"Slack refused what the app answered: {answer.error}.")
    return {"ok": False, "error": " ".join([error, *answer.problems])}
