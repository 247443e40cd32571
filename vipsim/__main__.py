"""``python -m vipsim``: the command line."""

from vipsim.cli import main

if __name__ == "__main__":
    main()
