"""Checks of an installation, and the commands that fix what they find."""
