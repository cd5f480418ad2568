"""What knows that an example is a text: readers, encoders, noise, backbones, pictures."""
