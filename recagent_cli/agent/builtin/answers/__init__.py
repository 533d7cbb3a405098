"""Answers in words: facts, counts, small talk, what to give up, the sentence above a list."""
