//! The sandbox against the vendor's document.

mod campaign;
mod control;
mod faults;
mod help;
mod null;
mod project;
mod receipts;
