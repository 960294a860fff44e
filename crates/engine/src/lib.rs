//! Plans, claims, paces, sends and records.
