"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def assessment() -> None:
    op.create_table(
        "assessment",
        sa.Column("identifier", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("patient", Text, nullable=False),
        sa.Column("card", Text, nullable=False),
        sa.Column("card_version", Text, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("category", Text, nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("outputs", sa.JSON(), nullable=True),
        sa.Column("score", sa.JSON(), nullable=True),
        sa.Column("basis", sa.JSON(), nullable=True),
        sa.Column("resource_gid", Text, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("replaced_by", Text, nullable=True),
        sa.PrimaryKeyConstraint("identifier"),
    )
    op.create_index("assessment_patient", "assessment", ["patient", "card"], unique=False)
    op.create_index("assessment_source", "assessment", ["source", "status"], unique=False)


def finding() -> None:
    op.create_table(
        "finding",
        sa.Column("seq", Big, autoincrement=True, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("gid", Text, nullable=False),
        sa.Column("patient", Text, nullable=True),
        sa.Column("at", Text, nullable=False),
        sa.Column("feature", Text, nullable=True),
        sa.Column("reason", Text, nullable=False),
        sa.Column("detail", Text, nullable=True),
        sa.Column("system", Text, nullable=True),
        sa.Column("code", Text, nullable=True),
        sa.Column("unit", Text, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("finding_patient", "finding", ["patient"], unique=False)
    op.create_index("finding_reason", "finding", ["source", "reason"], unique=False)
    op.create_index("finding_resource", "finding", ["type", "gid"], unique=False)


def job() -> None:
    op.create_table(
        "job",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("key", Text, nullable=True),
        sa.Column("payload", sa.JSON(), nullable=True),
        sa.Column("state", Text, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_after", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", Text, nullable=True),
        sa.Column("last_error", Text, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("job_due", "job", ["state", "run_after"], unique=False)
    op.create_index("job_key", "job", ["kind", "key"], unique=False)


def measurement() -> None:
    op.create_table(
        "measurement",
        sa.Column("seq", Big, autoincrement=True, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("gid", Text, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("patient", Text, nullable=True),
        sa.Column("feature", Text, nullable=False),
        sa.Column("value_number", sa.Double(), nullable=True),
        sa.Column("value_text", Text, nullable=True),
        sa.Column("unit", Text, nullable=True),
        sa.Column("effective", Text, nullable=True),
        sa.Column("instant", sa.BigInteger(), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("measurement_patient", "measurement", ["patient", "feature"], unique=False)
    op.create_index("measurement_resource", "measurement", ["type", "gid"], unique=False)


def outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("source", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("target_id", Text, nullable=False),
        sa.Column("identifier", Text, nullable=True),
        sa.Column("state", Text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt", sa.BigInteger(), nullable=True),
        sa.Column("etag", Text, nullable=True),
        sa.Column("last_error", Text, nullable=True),
        sa.Column("written_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", "target_id"),
    )
    op.create_index("outbox_due", "outbox", ["state", "next_attempt"], unique=False)
    op.create_index("outbox_identifier", "outbox", ["identifier"], unique=False)


def refusal() -> None:
    op.create_table(
        "refusal",
        sa.Column("source", Text, nullable=False),
        sa.Column("patient", Text, nullable=False),
        sa.Column("card", Text, nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.Column("missing", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "patient", "card"),
    )
    op.create_index("refusal_patient", "refusal", ["patient"], unique=False)


def resource() -> None:
    op.create_table(
        "resource",
        sa.Column("seq", Big, autoincrement=True, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("gid", Text, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("source_version", Text, nullable=True),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("patient", Text, nullable=True),
        sa.Column("country", Text, nullable=True),
        sa.Column("method", Text, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("source", "type", "id"),
        sa.UniqueConstraint("type", "gid"),
        sqlite_autoincrement=True,
    )
    op.create_index("resource_patient", "resource", ["patient", "type"], unique=False)
    op.create_index(
        "resource_type",
        "resource",
        ["type", "seq"],
        unique=False,
        sqlite_where=sa.text("deleted = 0"),
        postgresql_where=sa.text("NOT deleted"),
    )
    op.create_index("resource_updated", "resource", ["type", "last_updated"], unique=False)


def resource_version() -> None:
    op.create_table(
        "resource_version",
        sa.Column("type", Text, nullable=False),
        sa.Column("gid", Text, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("id", Text, nullable=False),
        sa.Column("source_version", Text, nullable=True),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("method", Text, nullable=False),
        sa.PrimaryKeyConstraint("type", "gid", "version"),
    )
    op.create_index("resource_version_seq", "resource_version", ["seq"], unique=False)


def search_state() -> None:
    op.create_table(
        "search_state",
        sa.Column("token", Text, nullable=False),
        sa.Column("query", Text, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )


def source() -> None:
    op.create_table(
        "source",
        sa.Column("name", Text, nullable=False),
        sa.Column("base_url", Text, nullable=False),
        sa.Column("country", Text, nullable=True),
        sa.Column("fhir_version", Text, nullable=True),
        sa.Column("settings", sa.JSON(), nullable=True),
        sa.Column("capability", sa.JSON(), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=True),
        sa.Column("probed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_pull_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", Text, nullable=True),
        sa.Column("checkpoint", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )


def search_value() -> None:
    op.create_table(
        "search_value",
        sa.Column("resource", sa.BigInteger(), nullable=False),
        sa.Column("type", Text, nullable=False),
        sa.Column("param", Text, nullable=False),
        sa.Column("system", Text, nullable=True),
        sa.Column("text", Text, nullable=True),
        sa.Column("exact", Text, nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resource"],
            ["resource.seq"],
        ),
    )
    op.create_index(
        "search_value_low",
        "search_value",
        ["type", "param", "low"],
        unique=False,
        sqlite_where=sa.text("low IS NOT NULL"),
        postgresql_where=sa.text("low IS NOT NULL"),
    )
    op.create_index("search_value_resource", "search_value", ["resource"], unique=False)
    op.create_index(
        "search_value_text",
        "search_value",
        ["type", "param", "text"],
        unique=False,
        sqlite_where=sa.text("text IS NOT NULL"),
        postgresql_where=sa.text("text IS NOT NULL"),
    )
    # ### end Alembic commands ###


TABLES = (
    "assessment",
    "finding",
    "job",
    "measurement",
    "outbox",
    "refusal",
    "resource",
    "resource_version",
    "search_state",
    "source",
    "search_value",
)


def upgrade() -> None:
    assessment()
    finding()
    job()
    measurement()
    outbox()
    refusal()
    resource()
    resource_version()
    search_state()
    source()
    search_value()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
