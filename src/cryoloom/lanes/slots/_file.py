"""The one file that all drivers on a machine lock."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryoloom.errors import LaneError

MACHINE_FOLDER = Path("/run/lock/cryoloom")
FILE_NAME = "slots"


class LockFile:
    """The lock file of this machine, made if need be.

    The machine's own lock folder is shared by all users. Where it cannot be used the user's runtime folder takes its
    place; then work of other users is not seen, and `notice` says so.

    Parameters
    ----------
    folder : a lock folder of one's own choice; all drivers that are to share a machine must choose the same

    Attributes
    ----------
    path : the file
    notice : what a person should know about it; empty when all is well

    Raises
    ------
    LaneError
        If the file cannot be opened for writing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.notice = ""
        self.path = (folder or MACHINE_FOLDER) / FILE_NAME
        try:
            os.close(self.open())
        except OSError as error:
            if folder is not None:
                raise LaneError(
                    f"The lock file {self.path} cannot be opened ({error.strerror}). Choose a lock folder that you may "
                    "write to.",
                    path=self.path,
                ) from error
            self.path = _folder_of_user() / FILE_NAME
            os.close(self.open())
            self.notice = (
                f"{MACHINE_FOLDER} cannot be used ({error.strerror}), so the lane cannot see what other users run on "
                f"this machine and may load it twice. Ask an administrator to make that folder, open to everyone."
            )

    def open(self) -> int:
        """Open the file anew: a new open file description, with no locks yet."""
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            # Without O_CREAT: a sticky folder refuses that to everyone but the file's owner (fs.protected_regular).
            descriptor = os.open(self.path, flags)
        except FileNotFoundError:
            self._make()
            descriptor = os.open(self.path, flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise LaneError(f"{self.path} is not a lock file of cryoloom. Remove it.", path=self.path)
        return descriptor

    def is_at(self, descriptor: int) -> bool:
        """Whether a descriptor still is the file of this path, and not one that was removed since."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _make(self) -> None:
        """Make the file, open to every user from its first moment on, unless another driver is quicker."""
        folder = self.path.parent
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        draft = folder / f".{os.getpid()}"
        draft.touch()
        draft.chmod(0o666)
        try:
            self.path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)


def _folder_of_user() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "cryoloom"
    return Path(f"/tmp/cryoloom-{os.getuid()}")  # noqa: S108  the same for every driver of the user, unlike TMPDIR
