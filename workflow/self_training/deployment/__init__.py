"""Deployed models: what predicts new examples when a study has ended."""
