//! A scripted mail server for tests.
