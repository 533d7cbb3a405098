"""What there is to recommend: schema, store, importers, the bundled catalogs."""
