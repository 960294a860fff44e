//! Files that a spreadsheet opens.

use std::time::Instant;

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use store::{Org, StoreError};

/// What tells Excel that a file is UTF-8.
const MARK: &str = "\u{feff}";

/// A file that is written while its rows are read: memory does not grow with it. `read` takes a place (`first` at the
/// beginning) and returns the rows behind it and the next place, where there may be more. While messages go out, it
/// rests after each stretch. An error cuts the file: that is better than one that looks whole.
pub(super) fn streamed<const N: usize, P, R>(
    name: &str,
    titles: [&str; N],
    org: Org,
    first: P,
    read: impl Fn(Org, P) -> R + Send + 'static,
) -> Response
where
    P: Send + 'static,
    R: Future<Output = Result<(Vec<[String; N]>, Option<P>), StoreError>> + Send + 'static,
{
    let mut head = String::from(MARK);
    line(&mut head, titles.into_iter().map(str::to_owned));
    let head = stream::iter([Ok(Bytes::from(head))]);
    let rows = stream::unfold(Some(first), move |place| {
        let (org, began) = (org.clone(), Instant::now());
        let reading = place.map(|place| read(org.clone(), place));
        async move {
            match reading?.await {
                Ok((rows, _)) if rows.is_empty() => None,
                Ok((rows, next)) => {
                    let mut text = String::new();
                    for row in rows {
                        line(&mut text, row.into_iter());
                    }
                    if next.is_some() {
                        org.yield_to_sending(began.elapsed()).await;
                    }
                    Some((Ok::<_, StoreError>(Bytes::from(text)), next))
                }
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    attachment(name, Body::from_stream(head.chain(rows).fuse()))
}

/// A file of lines that are there already.
pub(super) fn whole(name: &str, lines: &str) -> Response {
    attachment(name, Body::from(format!("{MARK}{lines}")))
}

fn attachment(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, body).into_response()
}

/// What a cell begins with that a spreadsheet may run. The full-width ones are the same to a spreadsheet set to Japanese or Chinese.
const FORMULA_SIGNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// One line of CSV. A cell that a spreadsheet would run as a formula gets a quote before it; a number's plus does not.
pub(crate) fn line(csv: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            csv.push(',');
        }
        let number =
            cell.strip_prefix('+').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == ' '));
        let formula = cell.starts_with(FORMULA_SIGNS) && !number;
        csv.push('"');
        if formula {
            csv.push('\'');
        }
        csv.push_str(&cell.replace('"', "\"\""));
        csv.push('"');
    }
    csv.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_is_a_formula_is_told_as_text() {
        let mut csv = String::new();
        let cells = ["=1+1", "+91 90000 00001", "+cmd", "a \"b\"", "-"].map(str::to_owned);
        line(&mut csv, cells.into_iter());
        for wide in ["＝1", "＋1", "－1", "＠x"] {
            let mut one = String::new();
            line(&mut one, [wide.to_owned()].into_iter());
            assert_eq!(one, format!("\"'{wide}\"\r\n"));
        }
        assert_eq!(csv, "\"'=1+1\",\"+91 90000 00001\",\"'+cmd\",\"a \"\"b\"\"\",\"'-\"\r\n");
    }
}
