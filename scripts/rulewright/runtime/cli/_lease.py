"""The lease of a worker: its sign of life, and the adoption of what dead workers have begun."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from dbos import WorkflowStatus
from sqlalchemy.exc import SQLAlchemyError

from .._errors import ConfigurationError
from ._store import APPLICATION, FOLLOWING, SUBMITTING, TOGETHER, Store, chunks


class Lease:
    """The sign of life of one worker: whoever finds it gone may adopt the worker's tasks.

    In PostgreSQL it is an advisory lock of a session that the server ends once it was silent for too long; beside a
    SQLite file it is a locked file that is touched. The kernel gives both up for a killed process at once, and a
    stopped one loses them when its time is over.

    Args:
        store: What the worker works on.
        seconds: Silence after which the worker counts as dead.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self.owner = f"{APPLICATION}-{os.getpid()}-{secrets.token_hex(6)}"
        self.seconds = seconds
        self._store = store
        self._locks: _Files | _Sessions = _Files(store.file) if store.file else _Sessions(store.url)
        self._release = self._take()

    def _take(self) -> Callable[[], None]:
        release = self._locks.take(self.owner, self.seconds)
        if release is None:
            raise ConfigurationError("the lease of this worker is held by another one")
        return release

    def beat(self) -> None:
        """Show that the worker lives, and take the lease again where it was lost meanwhile."""
        if not self._locks.touch(self.owner):
            with contextlib.suppress(ConfigurationError):
                self._release = self._take()

    def adopt(self) -> int:
        """Give what dead workers have begun back to its queues, and return how much that was.

        One worker at a time: another one's list would be older than what is done with this one.
        """
        release = self._locks.take("adopting", self.seconds)
        if release is None:
            return 0
        try:
            begun = [each for each in self._store.list_begun() if each.executor_id not in {None, self.owner}]
            owners = {str(each.executor_id) for each in begun}
            dead = {owner for owner in owners if not self._locks.is_alive(owner, self.seconds)}
            return self._give_back([each for each in begun if each.executor_id in dead])
        finally:
            release()

    def end(self) -> None:
        """Give back what the worker has begun and not ended, and give the lease up."""
        with contextlib.suppress(SQLAlchemyError):
            self._give_back([each for each in self._store.list_begun() if each.executor_id == self.owner])
        self._release()
        self._locks.close()

    def _give_back(self, begun: list[WorkflowStatus]) -> int:
        for queue in (SUBMITTING, FOLLOWING):
            ids = [each.workflow_id for each in begun if each.queue_name == queue]
            for chunk in chunks(ids, TOGETHER):
                self._store.client.resume_workflows(chunk, queue_name=queue)
        return len(begun)


class _Files:
    """Locks as files in a directory beside the store."""

    def __init__(self, store: Path) -> None:
        self._directory = store.with_name(f"{store.name}.workers")
        self._directory.mkdir(mode=0o700, exist_ok=True)

    def take(self, name: str, _seconds: float) -> Callable[[], None] | None:
        path = self._directory / name
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if not _lock(handle):
            os.close(handle)
            return None

        def release() -> None:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(handle)

        return release

    def touch(self, name: str) -> bool:
        with contextlib.suppress(OSError):
            os.utime(self._directory / name)
        return True

    def is_alive(self, name: str, seconds: float) -> bool:
        path = self._directory / name
        try:
            if time.time() - path.stat().st_mtime > seconds:
                return False
        except FileNotFoundError:
            return False
        if (release := self.take(name, seconds)) is None:
            return True
        release()
        return False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._directory.rmdir()


def _lock(handle: int) -> bool:
    """Lock an open file until it is closed; False if another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class _Sessions:
    """Locks as advisory locks of one session of PostgreSQL."""

    def __init__(self, url: sa.URL) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        self._session: sa.Connection | None = None

    def _connect(self, seconds: float) -> sa.Connection:
        if self._session is None:
            self._session = self._engine.connect()
            if self._session.dialect.server_version_info >= (14,):  # type: ignore[operator]
                silence = sa.text("SELECT set_config('idle_session_timeout', :time, false)")
                self._session.execute(silence, {"time": f"{int(seconds * 1000)}ms"})
        return self._session

    def take(self, name: str, seconds: float) -> Callable[[], None] | None:
        session, lock = self._connect(seconds), {"name": f"{APPLICATION}:{name}"}
        if not session.execute(sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), lock).scalar():
            return None

        def release() -> None:
            # Where the session is gone, so is the lock.
            with contextlib.suppress(SQLAlchemyError):
                session.execute(sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), lock)

        return release

    def touch(self, _name: str) -> bool:
        if self._session is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._session.execute(sa.text("SELECT 1"))
                return True
            self._drop()
        return False

    def is_alive(self, name: str, seconds: float) -> bool:
        if (release := self.take(name, seconds)) is None:
            return True
        release()
        return False

    def _drop(self) -> None:
        if self._session is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._session.invalidate()
                self._session.close()
            self._session = None

    def close(self) -> None:
        self._drop()
        self._engine.dispose()
