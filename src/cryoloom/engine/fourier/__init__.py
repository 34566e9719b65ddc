"""Fourier transforms of images and volumes, and what is done between two of them.

Every transform here is the *half* transform of a real array, in single precision: for an image ``(h, w)`` it is
``(h, w // 2 + 1)``, with the zero frequency first and no normalisation (the inverse divides by the number of pixels).
Arguments named ``shape`` are always the shape in real space, which a half transform alone does not tell.
"""

from cryoloom.engine.fourier._frequencies import frequency_axes, radial_frequency
from cryoloom.engine.fourier._resample import resample_images
from cryoloom.engine.fourier._resize import resize_image, resize_transform
from cryoloom.engine.fourier._shift import shift_phases
from cryoloom.engine.fourier._sizes import good_even_size, good_even_size_below
from cryoloom.engine.fourier._transform import forward_transform, half_shape, inverse_transform

__all__ = [
    "forward_transform",
    "frequency_axes",
    "good_even_size",
    "good_even_size_below",
    "half_shape",
    "inverse_transform",
    "radial_frequency",
    "resample_images",
    "resize_image",
    "resize_transform",
    "shift_phases",
]
