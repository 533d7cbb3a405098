"""`python -m recagent_cli`."""

from .main import main

main()
