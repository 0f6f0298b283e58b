"""All tables of the store, in SQLAlchemy Core; the same on SQLite and PostgreSQL.

Instants are whole milliseconds since 1970-01-01 UTC. `gid` is the id under which the gateway
serves a resource (see `gateway.store.identity`), `patient` the gid of the Patient it is about.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

REVISION = "0004"
"""The newest migration; a store that says so is not migrated again."""

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""64 bits; SQLite counts up by itself in a column of type INTEGER only."""

Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text compared by code points, so that prefix ranges mean the same on both databases."""


def instant(name: str, *, null: bool = True) -> sa.Column[int]:
    """Return a column for milliseconds UTC."""
    return sa.Column(name, sa.BigInteger, nullable=null)


def text(name: str, *, key: bool = False) -> sa.Column[str]:
    """Return a text column that is always there."""
    return sa.Column(name, Text, nullable=False, primary_key=key)


def optional(name: str) -> sa.Column[str]:
    """Return a text column that may be null."""
    return sa.Column(name, Text)


def whole(name: str, default: int = 0) -> sa.Column[int]:
    """Return a whole number that counts from `default`."""
    return sa.Column(name, sa.Integer, nullable=False, server_default=str(default))


def truth(name: str) -> sa.Column[bool]:
    """Return a boolean that is false unless set."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def partial(name: str, *columns: str) -> sa.Index:
    """Return an index of the rows whose last column is there."""
    there = sa.text(f"{columns[-1]} IS NOT NULL")
    return sa.Index(name, *columns, sqlite_where=there, postgresql_where=there)


def of_rows(name: str, *columns: str, rows: str, also: tuple[str, str] = ("", "")) -> sa.Index:
    """Return an index of the rows that fit; `also` is said in SQLite's and PostgreSQL's words."""
    return sa.Index(
        name,
        *columns,
        sqlite_where=sa.text(rows + also[0]),
        postgresql_where=sa.text(rows + also[1]),
    )


def of_patients(name: str, *columns: str) -> sa.Index:
    """Return an index of the Patients that are there.

    Type and deletion come first although they never differ: SQLite takes the index only then.
    """
    there = ("deleted = 0", "NOT deleted")
    return of_rows(name, "type", "deleted", *columns, rows="type = 'Patient' AND ", also=there)


def of_standing(name: str, *columns: str) -> sa.Index:
    """Return an index of the assessments that have not been replaced."""
    return of_rows(name, *columns, rows="replaced_by IS NULL")


source = sa.Table(
    "source",
    metadata,
    text("name", key=True),
    text("base_url"),
    optional("country"),
    optional("fhir_version"),
    sa.Column("settings", sa.JSON),
    sa.Column("capability", sa.JSON),
    sa.Column("reachable", sa.Boolean),
    instant("probed_at"),
    instant("last_pull_at"),
    optional("last_error"),
    sa.Column("checkpoint", sa.JSON),
)

resource = sa.Table(
    "resource",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=True),
    text("source"),
    text("type"),
    text("id"),
    text("gid"),
    whole("version", 1),
    optional("source_version"),
    instant("last_updated", null=False),
    truth("deleted"),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    optional("patient"),
    optional("country"),
    text("method"),
    sa.UniqueConstraint("type", "gid"),
    sa.UniqueConstraint("source", "type", "id"),
    sa.Index("resource_patient", "patient", "type"),
    sa.Index("resource_updated", "type", "last_updated"),
    of_patients("resource_listed", "last_updated", "seq", "gid"),
    of_patients("resource_sourced", "source", "last_updated", "seq", "gid"),
    of_patients("resource_placed", "country", "last_updated", "seq", "gid"),
    sa.Index(
        "resource_type",
        "type",
        "seq",
        sqlite_where=sa.text("deleted = 0"),
        postgresql_where=sa.text("NOT deleted"),
    ),
    sqlite_autoincrement=True,
)

resource_version = sa.Table(
    "resource_version",
    metadata,
    text("type", key=True),
    text("gid", key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    text("source"),
    text("id"),
    optional("source_version"),
    instant("last_updated", null=False),
    truth("deleted"),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    text("method"),
    sa.Index("resource_version_seq", "seq"),
)
"""The versions before the present one, which stands in `resource` alone."""

search_value = sa.Table(
    "search_value",
    metadata,
    sa.Column("resource", sa.BigInteger, sa.ForeignKey("resource.seq"), nullable=False),
    text("type"),
    text("param"),
    optional("system"),
    optional("text"),
    optional("exact"),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Index("search_value_resource", "resource"),
    partial("search_value_text", "type", "param", "text"),
    partial("search_value_low", "type", "param", "low"),
)
"""What searches look at. `text` holds a token's code, a quantity's unit, a folded string, a URI or
a reference; `exact` the string as sent; `low` and `high` a number or milliseconds."""

search_state = sa.Table(
    "search_state",
    metadata,
    text("token", key=True),
    text("query"),
    instant("created_at", null=False),
)
"""Searches sent by POST whose parameters may not stand in the address of the next page."""

measurement = sa.Table(
    "measurement",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=True),
    text("source"),
    text("type"),
    text("gid"),
    whole("version", 1),
    optional("patient"),
    text("feature"),
    sa.Column("value_number", sa.Double),
    optional("value_text"),
    optional("unit"),
    optional("effective"),
    instant("instant"),
    sa.Column("flags", sa.JSON),
    sa.Column("data", sa.JSON),
    sa.Index("measurement_resource", "type", "gid"),
    sa.Index("measurement_patient", "patient", "feature"),
)
"""Replaced per resource whenever it is mapped again; `data` is the whole record."""

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=True),
    text("source"),
    text("type"),
    text("gid"),
    optional("patient"),
    text("at"),
    optional("feature"),
    text("reason"),
    optional("detail"),
    optional("system"),
    optional("code"),
    optional("unit"),
    sa.Index("finding_resource", "type", "gid"),
    sa.Index("finding_patient", "patient"),
    sa.Index("finding_reason", "source", "reason"),
    sa.Index("finding_feature", "feature"),
    sa.Index("finding_group", "reason", "feature", "code", "unit", "source", "system"),
)

assessment = sa.Table(
    "assessment",
    metadata,
    text("identifier", key=True),
    text("source"),
    text("patient"),
    text("card"),
    text("card_version"),
    text("status"),
    optional("category"),
    sa.Column("probability", sa.Double),
    sa.Column("ranking", sa.Double),
    sa.Column("outputs", sa.JSON),
    sa.Column("score", sa.JSON),
    sa.Column("basis", sa.JSON),
    optional("resource_gid"),
    instant("created_at", null=False),
    optional("replaced_by"),
    sa.Index("assessment_patient", "patient", "card"),
    sa.Index("assessment_source", "source", "status"),
    sa.Index("assessment_created", "created_at"),
    of_standing("assessment_current", "source", "patient", "status"),
    of_standing("assessment_ranked", "card", "ranking", "patient", "status"),
    of_standing("assessment_category", "category", "patient", "status"),
)
"""`ranking` is the first number among the outputs, by which patients are ranked."""

refusal = sa.Table(
    "refusal",
    metadata,
    text("source", key=True),
    text("patient", key=True),
    text("card", key=True),
    text("reason"),
    sa.Column("missing", sa.JSON),
    instant("created_at", null=False),
    sa.Index("refusal_patient", "patient"),
    sa.Index("refusal_reason", "reason", "patient"),
)
"""Patients whom a card does not assess, and why."""

outbox = sa.Table(
    "outbox",
    metadata,
    text("source", key=True),
    text("kind", key=True),
    text("target_id", key=True),
    optional("identifier"),
    text("state"),
    sa.Column("body", sa.LargeBinary),
    whole("attempts"),
    instant("next_attempt"),
    optional("etag"),
    optional("last_error"),
    instant("written_at"),
    sa.Index("outbox_due", "state", "next_attempt"),
    sa.Index("outbox_identifier", "identifier"),
    sa.Index("outbox_written", "written_at"),
)
"""The ledger of what was written, or is still to be written, to partners' servers. `body` is the
resource as that server gets it: in its FHIR version, with its own ids in the references."""

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=True),
    text("kind"),
    optional("key"),
    sa.Column("payload", sa.JSON),
    text("state"),
    whole("attempts"),
    instant("run_after", null=False),
    instant("lease_until"),
    optional("lease_token"),
    optional("last_error"),
    instant("created_at", null=False),
    sa.Index("job_due", "state", "run_after"),
    sa.Index("job_key", "kind", "key"),
    sqlite_autoincrement=True,
)

federation_key = sa.Table(
    "federation_key",
    metadata,
    text("study", key=True),
    text("run", key=True),
    sa.Column("private", sa.LargeBinary, nullable=False),
    instant("created_at", null=False),
)
"""This site's part of the secrets of a run of a study; it never leaves."""

federation_message = sa.Table(
    "federation_message",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=True),
    text("study"),
    text("run"),
    whole("round"),
    text("kind"),
    text("coordinator"),
    text("question"),
    sa.Column("what", sa.JSON),
    sa.Column("rho", sa.Double, nullable=False, server_default="0"),
    text("sha256"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    instant("created_at", null=False),
    sa.UniqueConstraint("study", "run", "question"),
    sqlite_autoincrement=True,
)
"""What left this site for joint training, byte for byte. `question` is the hash of what was asked,
`rho` what the noise in the answer leaves of privacy (0 without noise)."""

model_version = sa.Table(
    "model_version",
    metadata,
    text("card", key=True),
    text("version", key=True),
    text("sha256"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("file", sa.LargeBinary),
    instant("added_at", null=False),
)
"""Models that were registered here: the card itself, as TOML, and its model file if it has one.
Shipped cards need no row."""

model_event = sa.Table(
    "model_event",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=True),
    text("card"),
    text("version"),
    text("action"),
    text("by"),
    optional("reason"),
    instant("at", null=False),
    sqlite_autoincrement=True,
)
"""Who did what with a model, never changed: what is in use follows from it."""

shadow_score = sa.Table(
    "shadow_score",
    metadata,
    text("patient", key=True),
    text("card", key=True),
    text("version", key=True),
    text("source"),
    truth("applicable"),
    sa.Column("value", sa.Double),
    optional("category"),
    text("champion"),
    truth("champion_applicable"),
    sa.Column("champion_value", sa.Double),
    optional("champion_category"),
    instant("at", null=False),
    sa.Index("shadow_score_model", "card", "version"),
)
"""What a model in the shadow says of a patient, beside the one in use; never written back."""
