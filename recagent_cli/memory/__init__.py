"""What is known of a person: events, profile, sessions."""
