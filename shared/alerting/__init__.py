"""Messages to a chat webhook about findings."""
