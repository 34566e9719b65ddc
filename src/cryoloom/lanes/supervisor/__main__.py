"""Start a supervisor; the argument is the descriptor of its connection, standard input says the rest."""

import pickle
import sys

if __name__ == "__main__":
    sys.path[:] = pickle.load(sys.stdin.buffer)  # noqa: S301  from the driver that started us
    from cryoloom.lanes.supervisor._supervisor import supervise

    supervise(int(sys.argv[1]), pickle.load(sys.stdin.buffer))  # noqa: S301
