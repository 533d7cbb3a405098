"""The screens: data to text, and the chat."""
