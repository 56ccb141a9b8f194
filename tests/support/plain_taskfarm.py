"""A database as `taskfarm` itself makes it, without serveTF: tables, one user, and its token."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import NET_S

# What adminTF does, in the application context that current releases of Flask-SQLAlchemy need.
_MAKE = """
import sys
from taskfarm import app, db
from taskfarm.models import User
with app.app_context():
    db.create_all()
    user = User(username=sys.argv[1])
    user.hash_password(sys.argv[2])
    db.session.add(user)
    db.session.commit()
    print(user.generate_auth_token().decode())
"""


def make_plain_database(database_url: str, user: str, password: str, key: str) -> str:
    """Create the server's tables and a user, and return a token of that user's.

    Args:
        database_url: as SQLAlchemy takes it.
        user: the user's name.
        password: its password.
        key: the server's SECRET_KEY.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MAKE, user, password],
        stdout=subprocess.PIPE,
        text=True,
        timeout=NET_S,
        check=True,
        env={**os.environ, "DATABASE_URL": database_url, "SECRET_KEY": key},
    )
    return done.stdout.strip()


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.write_text(f"{text}\n")
    path.chmod(0o600)
