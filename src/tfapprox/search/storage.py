"""The study of Optuna in which a search keeps its evaluations, so that it can be continued and shared."""

from __future__ import annotations

import contextlib
import importlib
import json
import warnings
from typing import Any, Iterator, Mapping

from tfapprox.common.argument_error import ArgumentError

HEARTBEAT_SECONDS = 10
GRACE_SECONDS = 60  # after this time, a worker without a heartbeat counts as dead
_FINGERPRINT = "tfapprox"


def optuna() -> Any:
    """The module optuna, which is an optional package.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        module: Any = importlib.import_module("optuna")
    except ImportError as error:
        raise ImportError("a search needs optuna; pip install 'tfapprox[search]'") from error
    module.logging.set_verbosity(module.logging.ERROR)
    return module


@contextlib.contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turns errors of a database into an `OSError` with its address without the password."""
    exceptions: Any = importlib.import_module("sqlalchemy.exc")
    kinds = (exceptions.SQLAlchemyError, optuna().exceptions.StorageInternalError)
    try:
        yield
    except exceptions.ArgumentError:  # the address is not possible, which `open_study` says
        raise
    # Optuna reads the trial that it could not write, and then fails in statements that expect it to be finished.
    except (*kinds, AssertionError, UnboundLocalError) as error:
        chain = list(_chain(error))
        if not any(isinstance(each, kinds) for each in chain):
            raise
        cause = next((each.orig for each in chain if getattr(each, "orig", None)), error)
        raise OSError(
            f"storage must be a database that can be reached and written to; received {without_password(url)}: "
            f"{' '.join(str(cause).split())}. Finished evaluations are kept; the same command continues"
        ) from error


def _chain(error):
    """An exception, and those during whose handling it was raised."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def without_password(url: str) -> str:
    """An address with `***` in the place of its password.

    Example:
        >>> without_password("postgresql://me:secret@host/db")
        'postgresql://me:***@host/db'
    """
    scheme, separator, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{separator}{name}{':***' if colon else ''}{at}{host}" if at else url


def open_study(url: str, name: str, fingerprint: Mapping[str, Any], *, worker: bool = False) -> Any:
    """The study of a search, new or continued.

    Args:
        url: address of the storage as SQLAlchemy takes it, `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`.
        name: name of the study.
        fingerprint: what must be the same when a search is continued.
        worker: whether the study must exist.

    Returns:
        An `optuna.Study` with the directions maximize (accuracy) and minimize (energy).

    Raises:
        OSError: if the storage cannot be reached or written to.
        ValueError: if the address is not possible, or the study is of another search; the message says what differs.
    """
    module, exceptions = optuna(), importlib.import_module("sqlalchemy.exc")
    try:
        with storage_errors(url), warnings.catch_warnings():
            warnings.simplefilter("ignore", module.exceptions.ExperimentalWarning)
            storage = _storage_class(module)(
                _with_driver(url),
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=GRACE_SECONDS,
                engine_kwargs=_engine(url),
            )
            if storage.engine.dialect.name == "sqlite":
                _make_transactions_exclusive(storage.engine)
            if worker and name not in {study.study_name for study in storage.get_all_studies()}:
                raise ArgumentError("worker", "must join a search that was begun", f"no study {name!r} in the storage")
            study = module.create_study(
                storage=storage, study_name=name, directions=["maximize", "minimize"], load_if_exists=True
            )
            known = study.user_attrs.get(_FINGERPRINT)
            if known is None:
                study.set_user_attr(_FINGERPRINT, json.loads(json.dumps(fingerprint)))
                study.set_metric_names(["accuracy", "energy"])
    except exceptions.ArgumentError as error:
        raise ArgumentError("storage", "must be an address such as sqlite:///study.db", repr(url)) from error
    except ImportError as error:
        if "optuna" in str(error):
            raise
        raise ImportError(f"storage {without_password(url)} needs a driver: {error}") from error
    if known is not None:
        _check_fingerprint(name, known, json.loads(json.dumps(fingerprint)))
    return study


def _storage_class(module):
    """The storage of Optuna, whose thread of heartbeats stays silent where the database fails.

    A heartbeat that is missing means that this worker may be dead. Its evaluation meets the error with its next write.
    """
    base: Any = module.storages.RDBStorage
    exceptions: Any = importlib.import_module("sqlalchemy.exc")

    class Storage(base):
        def record_heartbeat(self, trial_id):
            with contextlib.suppress(exceptions.SQLAlchemyError, module.exceptions.StorageInternalError):
                super().record_heartbeat(trial_id)

    return Storage


def _with_driver(url):
    """An address that names the driver of PostgreSQL, of which SQLAlchemy 2.0 and 2.1 have different defaults."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg2{separator}{rest}" if scheme in ("postgres", "postgresql") else url


def _make_transactions_exclusive(engine: Any) -> None:
    """Lets each transaction of SQLite lock the database from its beginning.

    Otherwise two workers can take the same trial from the queue: both read that it waits before either of them writes.
    """
    event: Any = importlib.import_module("sqlalchemy").event
    engine.dispose()  # this closes connections without what follows

    @event.listens_for(engine, "connect")
    def _(connection, _):
        connection.isolation_level = None  # else Python's driver begins transactions itself, and later

    @event.listens_for(engine, "begin")
    def _(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _engine(url):
    return {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}


def _check_fingerprint(name, known, ours):
    for key in ours:
        if known.get(key) != ours[key]:
            rule = f"must be of this search; {key} of study {name!r} differs: {_short(known.get(key))}"
            remedy = ("study=NAME", "begins another one in the same storage")
            raise ArgumentError("study", rule, _short(ours[key]), remedy)


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
