"""The nine prediction systems."""
