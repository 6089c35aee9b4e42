"""A migration as the next release may bring it: it adds, and takes away what it has added.

Revision next, after the last one that there is.
"""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "next"
down_revision = "{former}"
branch_labels = None
depends_on = None

DISPLAYS = "'page', 'popup', 'frame'"


def upgrade() -> None:
    op.create_table("things", sa.Column("id", sa.Integer(), primary_key=True))
    _turn_foreign_keys("OFF")
    with op.batch_alter_table("attempts") as table:
        table.add_column(sa.Column("mood", sa.String(16), nullable=False, server_default="calm"))
        _allow_displays(table, f"{DISPLAYS}, 'hologram'")
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("mood", sa.String(16), nullable=True))
    _turn_foreign_keys("ON")
    op.create_index("ix_attempts_mood", "attempts", ["mood"])


def downgrade() -> None:
    op.drop_index("ix_attempts_mood", "attempts")
    _turn_foreign_keys("OFF")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("mood")
    with op.batch_alter_table("attempts") as table:
        _allow_displays(table, DISPLAYS)
        table.drop_column("mood")
    _turn_foreign_keys("ON")
    op.drop_table("things")


def _allow_displays(table: BatchOperations, values: str) -> None:
    table.drop_constraint(op.f("ck_attempts_display"), type_="check")
    table.create_check_constraint(op.f("ck_attempts_display"), f"display IN ({values})")


def _turn_foreign_keys(state: str) -> None:
    # SQLite copies a table to change it; dropping the old one would delete its rows' children.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"PRAGMA foreign_keys = {state}")
