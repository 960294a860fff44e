//! All SQL of Munadi, for SQLite and PostgreSQL.
