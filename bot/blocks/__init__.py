"""How everything looks: pure functions from the words of the bot to Block Kit."""
