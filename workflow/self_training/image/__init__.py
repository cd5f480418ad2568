"""Examples that are images: how they are read, drawn, noised, and the networks that take them."""
