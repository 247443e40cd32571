"""The team's copy of a study: its finished trials, in a journal file or in a database that all can read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from vipsim.optimise.study import Question
from vipsim.scenario.errors import InputError, StorageError
from vipsim.shards import cut_torn_line, writing_to

CONNECT_WITHIN_S = 10


class Ledger:
    """The team's copy of the Optuna study: finished trials, appended batch by batch.

    It is written and compared, never searched from: a resumed search proposes everything anew, finds the evaluations
    remembered, and must come to the trials that are here already.
    """

    def __init__(self, question: Question, folder: Path, storage: BaseStorage) -> None:
        self.question = question
        self.folder = folder
        self.storage = storage
        self.study: optuna.Study | None = None

    def keep(self, study: optuna.Study) -> None:
        """Append the trials that the copy does not hold yet."""
        with writing_to(self.folder), _database_that_stays():
            if self.study is None:
                self.study = optuna.create_study(
                    storage=self.storage, study_name=study.study_name, directions=study.directions, load_if_exists=True
                )
                self.study.set_user_attr("objectives", [objective.kpi for objective in self.question.study.objectives])
            kept = self.study.get_trials(deepcopy=False)
            trials = study.get_trials(deepcopy=False)
            for old, new in zip(kept, trials, strict=False):
                if old.params != new.params or old.values != new.values:
                    raise InputError(
                        f"trial {new.number} of this study as it was",
                        found="a different one in the storage",
                        suggestion="other code or library versions wrote it; use another --storage or --out",
                    )
            for trial in trials[len(kept) :]:
                self.study.add_trial(trial)


@contextmanager
def open_ledger(question: Question, folder: Path, url: str = "") -> Iterator[Ledger]:
    """The copy of a study in a database by URL, or in the journal file of its folder where there is no URL.

    Raises
    ------
    InputError
        No such database, or another driver writes this study.
    StorageError
        The database went away.
    """
    if not url:
        journal = folder / "journal.log"
        cut_torn_line(journal)
        backend = JournalFileBackend(str(journal), lock_obj=_OwnedByDriver(str(journal)))
        yield Ledger(question, folder, JournalStorage(backend))
        return
    storage = _open_database(url)
    try:
        with _sole_writer(storage, question.folder_name):
            yield Ledger(question, folder, storage)
    finally:
        storage.engine.dispose()


class _OwnedByDriver(JournalFileOpenLock):
    """No lock of the journal's own: the driver owns the folder, and a killed one would leave it locked for 30 s."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


# ------------------------------------------------------------------------------------------------ databases


def _refused(found: str, suggestion: str = "") -> InputError:
    return InputError("a database that answers", found=found, key="--storage", suggestion=suggestion)


def _open_database(text: str) -> RDBStorage:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the text is not shown: it may hold a password
        raise _refused("no URL", "as postgresql+psycopg://user:password@host/name") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    options = {"connect_timeout": CONNECT_WITHIN_S} if url.get_backend_name() == "postgresql" else {}
    try:
        # A night may lie between two batches: a connection that a firewall dropped meanwhile is opened anew.
        engine = {"pool_pre_ping": True, "connect_args": options}
        return RDBStorage(url.render_as_string(hide_password=False), engine_kwargs=engine)
    except ImportError as error:
        raise InputError(
            "a database driver", found=str(error), key="--storage", suggestion='install "vipsim[cluster]"'
        ) from None
    except Exception as error:  # of SQLAlchemy, Optuna and Alembic, which share no base
        raise _refused(_reason(error, url)) from None


def _reason(error: BaseException, url: URL) -> str:
    """What the database said, in one line and without the password."""
    cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
    line = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    secrets = [secret for secret in (url.password, *url.query.values()) if isinstance(secret, str) and secret]
    for secret in secrets:
        line = line.replace(secret, "***")
    return line


@contextmanager
def _database_that_stays() -> Iterator[None]:
    """Turn a database that goes away in the middle into one message."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError):
        message = "the database of --storage went away; what was evaluated is kept, and the same command goes on"
        raise StorageError(message) from None


@contextmanager
def _sole_writer(storage: RDBStorage, study: str) -> Iterator[None]:
    """Own a study in a shared PostgreSQL: two drivers on two machines would both append. Its server gives the lock
    back when the driver is gone. Other databases have no such lock; there the folder's must do."""
    if storage.engine.dialect.name != "postgresql":
        yield
        return
    with _database_that_stays():
        connection = storage.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        key = {"key": zlib.crc32(study.encode())}
        owned = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar()
    try:
        if not owned:
            raise InputError("a study that nobody else is running", found=f"another driver of {study}", key="--storage")
        yield
    finally:
        connection.invalidate()  # closes it, whether the server is there or not
        connection.close()
