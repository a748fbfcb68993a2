"""Files of other sources: recognise the feed of a file, and read its rows without changing any store."""
