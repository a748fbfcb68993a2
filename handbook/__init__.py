"""The documentation: built from pages, with what the code can say itself made of the code."""
