//! Bodies of `application/x-www-form-urlencoded`, which some providers post instead of JSON.

use reqwest::Url;

/// Names and values of `a=1&b=2`, decoded, in their order; `None` for what is no form. The reader of queries does it, so that
/// `#` and the like come escaped.
pub fn members(text: &str) -> Option<Vec<(String, String)>> {
    if !text.contains('=') || text.trim_start().starts_with(['<', '{', '[']) {
        return None;
    }
    let mut url = Url::parse("form://x").ok()?;
    url.set_query(Some(text.trim()));
    Some(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_in_their_order() {
        let read = members("status=delivered&status_description=On+the%20phone+%26+read&udf1=");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![
            pair("status", "delivered"),
            pair("status_description", "On the phone & read"),
            pair("udf1", ""),
        ];
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn json_xml_and_plain_words_are_no_form() {
        for text in ["", "OK", r#"{"a":"b=c"}"#, "[\"a=b\"]", "<a b='c'/>"] {
            assert_eq!(members(text), None, "{text}");
        }
    }
}
