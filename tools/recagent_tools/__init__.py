"""What a brain may do: the tools, the candidate bus, the recommender models behind them."""
