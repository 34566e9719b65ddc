"""Fourier shell correlation: how far two maps, or two images, agree at each resolution."""

from cryoloom.engine.fsc._correlation import ShellCorrelation, correlate_transforms, fourier_shell_correlation

__all__ = ["ShellCorrelation", "correlate_transforms", "fourier_shell_correlation"]
