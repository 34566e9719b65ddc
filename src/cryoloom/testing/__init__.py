"""What tests of cryoloom and of its plugins are made of: the simulated microscope and conformance suites."""
