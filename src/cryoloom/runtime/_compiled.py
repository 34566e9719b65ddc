"""Where compiled kernels are kept between processes."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def use_kernel_cache() -> None:
    """Let Numba keep compiled code in the user's cache folder, apart for each version and kind of processor.

    It must be called before Numba is imported; ``NUMBA_CACHE_DIR``, if it is set, is respected.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    import platformdirs

    from cryoloom import __version__

    folder = (
        Path(platformdirs.user_cache_path("cryoloom"))
        / "kernels"
        / f"{__version__}-{platform.machine()}-{_processor()}"
    )
    os.environ["NUMBA_CACHE_DIR"] = str(folder)


def _processor() -> str:
    from hashlib import blake2b

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "any"
    told = sorted({line for line in lines if line.startswith(("model name", "flags"))})
    return blake2b("\n".join(told).encode(), digest_size=6).hexdigest()
