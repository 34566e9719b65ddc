"""The composition root: finds protocols and lanes, and starts drivers."""
