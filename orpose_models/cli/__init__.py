"""The command `orpose`: one module per verb."""
