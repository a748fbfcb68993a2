"""The daily validation: checks of inputs, outputs and processes of a game date."""
