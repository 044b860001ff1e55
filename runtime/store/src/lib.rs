//! Entities, statements, transactions and migrations on SQLite, PostgreSQL and MariaDB/MySQL.
