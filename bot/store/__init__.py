"""The database: every statement, one function each; a transaction is a plain function of a connection."""

from sqlalchemy import Connection

__all__ = ["Connection"]
