//! The words and rules of Munadi: no I/O, no SQL, no HTTP.
