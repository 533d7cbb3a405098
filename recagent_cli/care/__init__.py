"""Taking care of what is kept: everything is verified, and what is damaged restored."""
