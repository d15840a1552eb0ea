"""The laboratory: simulated rooms, the paper's tables, speed. Not needed to run a model."""
