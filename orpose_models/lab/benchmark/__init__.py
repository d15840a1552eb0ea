"""How fast models are on this machine, and what other networks take beside them."""
