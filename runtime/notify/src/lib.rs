//! Mail, audit rows and the outbox workers that deliver what a transaction promised.
