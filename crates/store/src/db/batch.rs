//! Many rows bound as one value: `unnest` of arrays on PostgreSQL, `jsonb_each` of one JSON text on SQLite.

use std::io::Write as _;

use uuid::Uuid;

use super::{Dialect, storable};

#[derive(Clone, Debug)]
pub(crate) enum Column {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Uuids(Vec<Option<Uuid>>),
    Bytes(Vec<Vec<u8>>),
}

/// Many rows bound as one value, column by column. All columns have the same length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) columns: Vec<(&'static str, Column)>,
}

impl Batch {
    pub(crate) fn new() -> Batch {
        Batch::default()
    }

    pub(crate) fn ints<T: Into<Option<i64>>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Batch {
        self.columns.push((name, Column::Ints(values.into_iter().map(Into::into).collect())));
        self
    }

    pub(crate) fn texts<T: Into<Option<String>>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Batch {
        self.columns
            .push((name, Column::Texts(values.into_iter().map(|text| text.into().map(storable)).collect())));
        self
    }

    pub(crate) fn uuids<T: Into<Option<Uuid>>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Batch {
        self.columns.push((name, Column::Uuids(values.into_iter().map(Into::into).collect())));
        self
    }

    pub(crate) fn bytes(mut self, name: &'static str, values: impl IntoIterator<Item = Vec<u8>>) -> Batch {
        self.columns.push((name, Column::Bytes(values.into_iter().collect())));
        self
    }

    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| match column {
            Column::Ints(v) => v.len(),
            Column::Texts(v) => v.len(),
            Column::Uuids(v) => v.len(),
            Column::Bytes(v) => v.len(),
        })
    }

    /// How many parameters it takes.
    pub(crate) fn parameters(&self, dialect: Dialect) -> usize {
        match dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres => self.columns.len(),
        }
    }

    pub(super) fn table(&self, dialect: Dialect, first_parameter: usize) -> String {
        match dialect {
            Dialect::Postgres => {
                let arrays: Vec<_> = self
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(at, (_, column))| {
                        let kind = match column {
                            Column::Ints(_) => "bigint",
                            Column::Texts(_) => "text",
                            Column::Uuids(_) => "uuid",
                            Column::Bytes(_) => "bytea",
                        };
                        format!("${}::{kind}[]", first_parameter + at)
                    })
                    .collect();
                let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
                format!("unnest({}) AS b({})", arrays.join(", "), names.join(", "))
            }
            Dialect::Sqlite => {
                let columns: Vec<_> = self
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(at, (name, column))| match column {
                        Column::Uuids(_) | Column::Bytes(_) => format!("unhex(value ->> {at}) AS {name}"),
                        Column::Ints(_) | Column::Texts(_) => format!("value ->> {at} AS {name}"),
                    })
                    .collect();
                format!("(SELECT {} FROM jsonb_each(${first_parameter})) AS b", columns.join(", "))
            }
        }
    }

    /// `[[1,"a"],[2,"b"]]`, written by hand for speed; strings are escaped by the JSON library.
    pub(crate) fn json(&self) -> String {
        let rows = self.len();
        let mut out = Vec::with_capacity(rows * self.columns.len() * 24 + 2);
        out.push(b'[');
        for row in 0..rows {
            out.extend_from_slice(if row == 0 { b"[" } else { b",[" });
            for (at, (_, column)) in self.columns.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                match column {
                    Column::Ints(v) => match v[row] {
                        Some(n) => write!(out, "{n}").expect("writing to memory cannot fail"),
                        None => out.extend_from_slice(b"null"),
                    },
                    Column::Texts(v) => match &v[row] {
                        Some(text) => {
                            serde_json::to_writer(&mut out, text).expect("a string is always JSON");
                        }
                        None => out.extend_from_slice(b"null"),
                    },
                    Column::Uuids(v) => match v[row] {
                        Some(id) => {
                            let mut hex = Uuid::encode_buffer();
                            out.push(b'"');
                            out.extend_from_slice(id.as_simple().encode_lower(&mut hex).as_bytes());
                            out.push(b'"');
                        }
                        None => out.extend_from_slice(b"null"),
                    },
                    Column::Bytes(v) => {
                        out.push(b'"');
                        out.extend_from_slice(hex::encode(&v[row]).as_bytes());
                        out.push(b'"');
                    }
                }
            }
            out.push(b']');
        }
        out.push(b']');
        String::from_utf8(out).expect("JSON is UTF-8")
    }
}
