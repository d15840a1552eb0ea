"""What a model is to the rest: its contract, its files, its scores."""
