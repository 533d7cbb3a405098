"""The built-in brain: parser and policy, without a model and without a network."""
