"""The recommender models behind the tools: retrievers, the ranker, training, artefacts."""
