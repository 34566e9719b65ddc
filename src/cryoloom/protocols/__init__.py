"""The embedded protocols, one package per stage."""
