//! Files that a spreadsheet opens.

/// One line of CSV. A cell that a spreadsheet would run as a formula gets a quote before it; a number's plus does not.
pub(crate) fn line(csv: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            csv.push(',');
        }
        let number =
            cell.strip_prefix('+').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == ' '));
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number;
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
        assert_eq!(csv, "\"'=1+1\",\"+91 90000 00001\",\"'+cmd\",\"a \"\"b\"\"\",\"'-\"\r\n");
    }
}
