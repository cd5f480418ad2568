"""A study's config: what it may say, what it says of each method, and which jobs follow."""
