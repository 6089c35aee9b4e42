"""The way `number`: a number that the person sends to the account.

Revision 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace_check("way IN ('in_wechat', 'scan', 'page', 'code', 'number')")


def downgrade() -> None:
    op.execute("DELETE FROM attempts WHERE way = 'number'")
    _replace_check("way IN ('in_wechat', 'scan', 'page', 'code')")


def _replace_check(condition: str) -> None:
    is_copied = op.get_bind().dialect.name == "sqlite"
    if is_copied:
        # SQLite copies the table; dropping the old one would else delete the children of its rows
        # from the new one.
        op.execute("PRAGMA foreign_keys = OFF")
    with op.batch_alter_table("attempts") as table:
        table.drop_constraint(op.f("ck_attempts_way"), type_="check")
        table.create_check_constraint(op.f("ck_attempts_way"), condition)
    if is_copied:
        op.execute("PRAGMA foreign_keys = ON")
