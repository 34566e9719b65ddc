"""Projects, protocols, runs and the drivers that carry them out."""
