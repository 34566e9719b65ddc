"""Places where work runs: the local machine now, clusters later."""
