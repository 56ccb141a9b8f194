"""Values that would do harm wherever a shell, a template or an option parser took them apart."""

from __future__ import annotations

# Each makes the file `owned` where a shell executes it, or is more than one word.
HOSTILE = (
    "$(touch owned)",
    "`touch owned`",
    "'; touch owned; '",
    '"; touch owned; "',
    "a\nb; touch owned",
    "-rf",
    "--version",
    "{task} {item} {input} {{",
    "a  b\t*",
    "\\n\\",
    "é€",
    "",
)
