"""``python -m modelaudit`` is the command line."""

from modelaudit.cli.main import main

if __name__ == "__main__":
    main()
