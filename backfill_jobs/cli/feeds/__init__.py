"""Commands on feeds: fetch, import, the whole game date, and who the named players are."""
