"""Wrong science, on purpose: each mutant is a change of the code that a fast test must notice."""
