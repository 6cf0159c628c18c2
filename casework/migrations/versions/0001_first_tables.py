"""The first tables, and triggers that keep what was written once as it was written."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("events", "documents", "papers")


def upgrade() -> None:
    """Create everything."""
    _office()
    _cases()
    _contents()
    for table in APPEND_ONLY:
        _protect(table)


def _office() -> None:
    op.create_table(
        "office",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_office"),
    )
    op.create_table(
        "counters",
        sa.Column("prefix", sa.String(1), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_counters"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_table(
        "events",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(32), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80)),
        sa.Column("case_id", sa.String(12)),
        sa.Column("file_id", sa.String(12)),
        sa.Column("state", sa.String(20)),
        sa.Column("content_sha256", sa.String(64)),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_events"),
        sa.UniqueConstraint("hash", name="uq_events_hash"),
    )
    op.create_index("ix_events_case_id", "events", ["case_id"])
    op.create_index("ix_events_file_id", "events", ["file_id"])


def _cases() -> None:
    op.create_table(
        "register_entries",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("struck", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_register_entries"),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("regime", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("case_id", sa.String(12), nullable=False),
        sa.Column("register_id", sa.String(12), nullable=False),
        sa.Column("table_name", sa.String(80), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("erasing_by", sa.String(32)),
        sa.Column("created_at", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_files_case_id_cases"),
        sa.ForeignKeyConstraint(["register_id"], ["register_entries.id"], name="fk_files_register_id_register_entries"),
    )
    op.create_index("ix_files_case_id", "files", ["case_id"])


def _contents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(12)),
        sa.Column("case_id", sa.String(12)),
        sa.Column("file_id", sa.String(12)),
        sa.Column("actor", sa.String(32), nullable=False),
        sa.Column("created_at", sa.String(20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("sequence", name="uq_documents_sequence"),
        sa.ForeignKeyConstraint(["sequence"], ["events.sequence"], name="fk_documents_sequence_events"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_documents_case_id_cases"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_documents_file_id_files"),
    )
    op.create_index("ix_documents_kind_case_file", "documents", ["kind", "case_id", "file_id"])
    op.create_index("ix_documents_subject_kind", "documents", ["subject", "kind"])
    op.create_table(
        "papers",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("case_id", sa.String(12)),
        sa.Column("file_id", sa.String(12)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_papers"),
        sa.ForeignKeyConstraint(["sequence"], ["events.sequence"], name="fk_papers_sequence_events"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_papers_case_id_cases"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_papers_file_id_files"),
    )
    op.create_table(
        "vault_items",
        sa.Column("file_id", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.String(80), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.String(20), nullable=False),
        sa.Column("erased_at", sa.String(20)),
        sa.PrimaryKeyConstraint("file_id", "kind", name="pk_vault_items"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_vault_items_file_id_files"),
        sa.ForeignKeyConstraint(["sequence"], ["events.sequence"], name="fk_vault_items_sequence_events"),
    )


def _protect(table: str) -> None:
    """Refuse UPDATE and DELETE: against accidents; against intent there is the chain."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'append-only table'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION sakusei_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only table'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION sakusei_refuse()"
    )
