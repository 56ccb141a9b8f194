"""The files in share/, made from the commands' parsers: completion for shells, and man pages.

`make shell` writes them, and `make check` fails if they are not what the parsers give. shtab and
argparse-manpage make them, which only developers install.
"""
