"""`recagent eval`: the engine against what people would use instead, on the person's own data."""
