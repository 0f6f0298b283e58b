"""The number that patients are ranked by, and indexes behind the console's lists and counts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PATIENTS = {
    "sqlite_where": sa.text("type = 'Patient' AND deleted = 0"),
    "postgresql_where": sa.text("type = 'Patient' AND NOT deleted"),
}
STANDING = {
    "sqlite_where": sa.text("replaced_by IS NULL"),
    "postgresql_where": sa.text("replaced_by IS NULL"),
}
INDEXES: tuple[tuple[str, list[str], dict[str, Any]], ...] = (
    ("resource_listed", ["type", "deleted", "last_updated", "seq", "gid"], PATIENTS),
    ("resource_sourced", ["type", "deleted", "source", "last_updated", "seq", "gid"], PATIENTS),
    ("resource_placed", ["type", "deleted", "country", "last_updated", "seq", "gid"], PATIENTS),
    ("finding_feature", ["feature"], {}),
    ("finding_group", ["reason", "feature", "code", "unit", "source", "system"], {}),
    ("assessment_created", ["created_at"], {}),
    ("assessment_current", ["source", "patient", "status"], STANDING),
    ("assessment_ranked", ["card", "ranking", "patient", "status"], STANDING),
    ("assessment_category", ["category", "patient", "status"], STANDING),
    ("refusal_reason", ["reason", "patient"], {}),
    ("outbox_written", ["written_at"], {}),
)


def upgrade() -> None:
    op.add_column("assessment", sa.Column("ranking", sa.Double(), nullable=True))
    op.execute("UPDATE assessment SET ranking = probability")
    for name, columns, where in INDEXES:
        op.create_index(name, name.partition("_")[0], columns, unique=False, **where)


def downgrade() -> None:
    for name, _, _ in reversed(INDEXES):
        op.drop_index(name, name.partition("_")[0])
    op.drop_column("assessment", "ranking")
