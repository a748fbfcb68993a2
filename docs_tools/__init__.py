"""Tools for the documentation: the generated reference, the runner of console examples, the site."""
