"""The forms (guide, section 5), one file each: pure functions from what is known to the view that Slack shows."""
