"""Consistency training: one network, at once on labeled examples and on views of unlabeled ones."""
