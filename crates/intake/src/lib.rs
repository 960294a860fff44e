//! From a source (a file, a pasted list, a post) to a row to a registration. The pages, `munadi import` and lists of
//! opt-outs share one reader, one mapping and one way to find duplicates.
//!
//! [`read`] turns bytes into people and says what is wrong with each row; it stores nothing. [`importer`] looks through a
//! whole file, registers its people and takes them back. [`paste`] makes a table of a pasted text. [`numbers`] reads a file for its
//! numbers alone, and [`attendance`] a report of who was there.

pub mod attendance;
pub mod importer;
pub mod numbers;
pub mod paste;
pub mod read;

pub use importer::{ImportError, Importer, Summary};
