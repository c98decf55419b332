"""Measures the bot against floors of the same run: `make bench`. Ratios count; absolute times are this machine's."""
