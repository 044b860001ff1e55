//! Passwords, passcodes and passkeys: the verifiers whose proofs make a session.
