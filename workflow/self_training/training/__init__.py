"""Training networks: a run is indices and targets into one array of examples."""
