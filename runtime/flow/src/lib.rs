//! The flow engine, the flows, and the one function that makes a session.
