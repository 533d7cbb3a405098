"""File formats: each module turns files into an `ItemTable` and an `InteractionTable`."""
