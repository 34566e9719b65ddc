"""Maps of particles whose poses are known."""
