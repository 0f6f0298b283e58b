"""The registry of models: versions, who did what with them, and what shadows say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "model_version",
        sa.Column("card", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("sha256", Text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("card", "version"),
    )
    op.create_table(
        "model_event",
        sa.Column("seq", Big, autoincrement=True, nullable=False),
        sa.Column("card", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("action", Text, nullable=False),
        sa.Column("by", Text, nullable=False),
        sa.Column("reason", Text, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shadow_score",
        sa.Column("patient", Text, nullable=False),
        sa.Column("card", Text, nullable=False),
        sa.Column("version", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("applicable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("category", Text, nullable=True),
        sa.Column("champion", Text, nullable=False),
        sa.Column("champion_applicable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("champion_value", sa.Double(), nullable=True),
        sa.Column("champion_category", Text, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("patient", "card", "version"),
    )
    op.create_index("shadow_score_model", "shadow_score", ["card", "version"], unique=False)


def downgrade() -> None:
    op.drop_table("shadow_score")
    op.drop_table("model_event")
    op.drop_table("model_version")
