"""Datasets: where they come from, and how they are split. What an example is, is not known here."""
