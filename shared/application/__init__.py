"""Use cases, one package per topic; they reach the outside only through ports."""
