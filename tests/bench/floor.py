"""The floor of intake: a Bolt app that acknowledges and does nothing, as a process of its own like the bot.

python -m tests.bench.floor
"""

from __future__ import annotations

import asyncio
import os
import sys

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient


async def main() -> None:
    """Listen until the process is ended."""
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client, process_before_response=True)

    async def command(ack: AsyncAck) -> None:
        await ack()

    async def event() -> None:
        return

    app.command("/coder-task")(command)
    app.event("message")(event)
    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    await handler.connect_async()  # type: ignore[no-untyped-call]
    sys.stderr.write("action=started port=0\n")
    sys.stderr.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
