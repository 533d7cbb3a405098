"""The agent: events, brains, the loop between them."""
