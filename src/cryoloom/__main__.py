"""``python -m cryoloom`` is the shell command."""

from cryoloom.cli.main import main

main()
