"""Joint training: this site's secrets of each run, and the ledger of what left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "federation_key",
        sa.Column("study", Text, nullable=False),
        sa.Column("run", Text, nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("study", "run"),
    )
    op.create_table(
        "federation_message",
        sa.Column("seq", Big, autoincrement=True, nullable=False),
        sa.Column("study", Text, nullable=False),
        sa.Column("run", Text, nullable=False),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("coordinator", Text, nullable=False),
        sa.Column("question", Text, nullable=False),
        sa.Column("what", sa.JSON(), nullable=True),
        sa.Column("rho", sa.Double(), server_default="0", nullable=False),
        sa.Column("sha256", Text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("study", "run", "question"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("federation_message")
    op.drop_table("federation_key")
