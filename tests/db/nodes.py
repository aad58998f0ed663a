"""A database of its own on every node of the run's Citus cluster, or on the run's single server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

SHARDS = 4
"""A shard takes its own table on some node, so few of them make a cluster in seconds."""


def of_database(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _at(url: str, host: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username or 'postgres'}@{host}:{port}"))


def _on(url: str, *statements: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for one in statements:
            connection.execute(one)


@contextmanager
def empty_cluster(coordinator: str) -> Iterator[str]:
    """Yield the URL of a new, empty database that spreads over the same nodes; it is dropped afterwards."""
    name = f"cluster_{secrets.token_hex(4)}"
    make = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    with psycopg.connect(coordinator) as connection:
        nodes = connection.execute("SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid").fetchall()
    places = [_at(coordinator, host, port) for host, port in nodes]
    url = of_database(coordinator, name)
    try:
        for place in places:
            _on(place, make)
            _on(of_database(place, name), sql.SQL("CREATE EXTENSION citus"), sql.SQL("CREATE EXTENSION btree_gist"))
        (host, port), *workers = nodes
        _on(
            url,
            sql.SQL("SELECT citus_set_coordinator_host({}, {})").format(host, port),
            *(sql.SQL("SELECT citus_add_node({}, {})").format(*node) for node in workers),
            sql.SQL("ALTER DATABASE {} SET citus.shard_count = {}").format(sql.Identifier(name), SHARDS),
        )
        yield url
    finally:
        for place in places:
            _on(place, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """Yield the URL of a new, empty database on a single server; it is dropped afterwards."""
    name = f"empty_{secrets.token_hex(4)}"
    _on(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield of_database(server, name)
    finally:
        _on(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


_SHARD = """
SELECT json_build_array(
    (SELECT json_build_array(relrowsecurity, relforcerowsecurity) FROM pg_class WHERE oid = {shard}::regclass),
    (SELECT json_agg(said ORDER BY said) FROM (
        SELECT regexp_replace(tgname, '_{number}$', '') || tgenabled::text || tgtype::text || tgfoid::regproc::text
            AS said FROM pg_trigger WHERE tgrelid = {shard}::regclass AND NOT tgisinternal) t),
    (SELECT json_agg(said ORDER BY said) FROM (
        SELECT concat_ws(' ', polname, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
            (SELECT string_agg(r::regrole::text, ',' ORDER BY 1) FROM unnest(polroles) r)) AS said
        FROM pg_policy WHERE polrelid = {shard}::regclass) p),
    (SELECT json_agg(said ORDER BY said) FROM (
        SELECT left(regexp_replace(conname, '_{number}$', ''), 40) || contype::text
            || CASE WHEN contype = 'c' THEN translate(pg_get_constraintdef(oid), '()', '') ELSE '' END AS said
        FROM pg_constraint WHERE conrelid = {shard}::regclass AND contype NOT IN ('t', 'n')) c),
    (SELECT json_agg(said ORDER BY said) FROM (
        SELECT acl::text AS said FROM pg_class, unnest(relacl) acl WHERE oid = {shard}::regclass
        UNION ALL SELECT attname || acl::text FROM pg_attribute, unnest(attacl) acl WHERE attrelid = {shard}::regclass
    ) a)
)::text
"""
"""What guards a table: row-level security, triggers, policies, constraints and grants, without a shard's number.

A shard's long names are cut shorter, and its checks nest their AND otherwise.
"""


def unguarded_shards(connection: psycopg.Connection[tuple[object, ...]], table: str) -> list[str]:
    """Return the shards of a table that are not guarded like the table itself is on the coordinator."""
    name = sql.Literal(f"public.{table}")
    (own,) = connection.execute(
        sql.SQL(_SHARD.replace("{number}", "0")).format(shard=name)  # type: ignore[arg-type]
    ).fetchone() or (None,)
    shards = connection.execute(
        "SELECT shardid, success, result FROM run_command_on_shards(%s, %s)",
        (f"public.{table}", _SHARD.replace("{shard}", "'%1$s'").replace("{number}", "[0-9]{6,}")),
    ).fetchall()
    return [f"{table}_{number}: {result}, not {own}" for number, good, result in shards if not good or result != own]
