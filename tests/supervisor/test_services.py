"""PostgreSQL and Valkey stand on private sockets, wherever the state folder is."""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import environ
import psycopg
import pytest
import redis
from kombu import Connection

from mailagent.supervisor import state
from tests.supervisor.conftest import System


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_sockets_are_for_their_owner_only(system: System) -> None:
    folder = system.state / "run"

    assert mode(system.state) == 0o700
    assert mode(folder) == mode(folder / "postgres") == 0o700
    assert mode(folder / "valkey.sock") == mode(folder / "postgres" / ".s.PGSQL.5432") == 0o700


def test_postgres_is_18_durable_and_listens_on_no_port(system: System) -> None:
    with psycopg.connect(system.urls()["DATABASE_URL"]) as connection:

        def show(name: str) -> str:
            row = connection.execute(f"SHOW {name}").fetchone()
            assert row
            return str(row[0])

        assert show("server_version").startswith("18.")
        assert [show("fsync"), show("synchronous_commit"), show("full_page_writes")] == ["on"] * 3
        assert [show("listen_addresses"), show("server_encoding")] == ["", "UTF8"]
        assert connection.execute("SELECT lower('ÉCOLE')").fetchone() == ("école",)


def test_the_settings_read_the_address_as_libpq_does(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", system.urls()["DATABASE_URL"])

    read = environ.Env().db_url("DATABASE_URL")

    assert (read["NAME"], read["USER"]) == ("mailagent", "postgres")
    assert read["OPTIONS"]["host"] == str(system.state / "run" / "postgres")


def test_valkey_serves_channel_layer_and_broker_apart(system: System) -> None:
    urls = system.urls()
    redis.Redis.from_url(urls["REDIS_URL"]).set("here", 1)

    with Connection(urls["CELERY_BROKER_URL"]) as broker:
        client = broker.default_channel.client
        assert client.ping()
        assert not client.exists("here")


@pytest.mark.parametrize("name", ["with a space", "deep/" * 20 + "down", "quoted'state,ümlaut"])
def test_any_state_folder_will_do(
    start_system: Callable[..., System], tmp_path: Path, name: str
) -> None:
    system = start_system(state=tmp_path / name)

    system.wait_for("small system ready")

    with psycopg.connect(system.urls()["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert redis.Redis.from_url(system.urls()["REDIS_URL"]).ping()
    with Connection(system.urls()["CELERY_BROKER_URL"]) as broker:
        assert broker.default_channel.client.ping()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_without_namespaces_root_hands_the_files_to_another_account_and_back(
    start_system: Callable[..., System],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        where = Path(folder) / "state"
        for options, is_ours in (("--no-namespace", False), ("--guardian", True)):
            system = start_system(options, state=where)
            system.wait_for("small system ready")
            assert ((where / "postgres").stat().st_uid == os.getuid()) is is_ours
            system.stop()
            system.log.unlink()


def test_the_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    state.keep_secret_key(tmp_path)
    first = (tmp_path / "secret-key").read_text()

    state.keep_secret_key(tmp_path)

    assert len(first) > 50
    assert (tmp_path / "secret-key").read_text() == first
    assert mode(tmp_path / "secret-key") == 0o600
