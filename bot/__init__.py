"""Coder Tasks for Slack: start, follow and steer Coder tasks without leaving the thread."""
