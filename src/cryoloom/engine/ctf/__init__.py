"""Estimating the contrast transfer function of a micrograph from its Thon rings."""

from cryoloom.engine.ctf._draw import draw_ctf_fit
from cryoloom.engine.ctf._estimate import estimate_ctf
from cryoloom.engine.ctf._fit import CTFFit, IceRing, RingProfile, Tilt
from cryoloom.engine.ctf._memory import predicted_memory
from cryoloom.engine.ctf._settings import CTFSettings
from cryoloom.engine.ctf._view import RingView, view_rings, zeros_along

__all__ = [
    "CTFFit",
    "CTFSettings",
    "IceRing",
    "RingProfile",
    "RingView",
    "Tilt",
    "draw_ctf_fit",
    "estimate_ctf",
    "predicted_memory",
    "view_rings",
    "zeros_along",
]
