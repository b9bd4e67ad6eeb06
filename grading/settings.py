"""What ``nbgrader_config.py`` needs before it can set anything: the place of the marks, and tools within reach."""

import sys
from collections.abc import MutableMapping
from pathlib import Path


def database(url: str) -> str:
    """The address of a database as SQLAlchemy wants it: PostgreSQL goes through psycopg, which the course installs.

    Raises:
        ValueError: if it is the address of neither SQLite nor PostgreSQL.

    Example:
        >>> database("postgresql://grader@localhost/gradebook")
        'postgresql+psycopg://grader@localhost/gradebook'
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        return f"postgresql+psycopg://{rest}"
    if separator and scheme in ("sqlite", "postgresql+psycopg"):
        return url
    raise ValueError(f"COURSE_GRADEBOOK: got {url!r}, wanted postgresql://user:password@host/name or sqlite:////path")


def with_tools(environment: MutableMapping[str, str], here: Path) -> None:
    """Put alembic, which nbgrader calls by name, on the PATH, and this clone's dgmlib within reach of every kernel."""
    for variable, folder in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", here)):
        known = environment.get(variable, "").split(":") if environment.get(variable) else []
        if str(folder) not in known:
            environment[variable] = ":".join([str(folder), *known])
