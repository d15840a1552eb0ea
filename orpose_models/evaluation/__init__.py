"""Metrics, each with its convention, and the reports made of them."""
