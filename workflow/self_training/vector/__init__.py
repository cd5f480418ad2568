"""Vectors: embeddings from a pretrained encoder, or tables of numbers."""
