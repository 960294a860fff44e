//! `providers/src/fast2sms/NOTES.md`: the stand-in against the vendor's document, over real HTTP.

mod codes;
mod faults;
mod help;
mod manager;
mod money;
mod reports;
mod send;
mod webhooks;
