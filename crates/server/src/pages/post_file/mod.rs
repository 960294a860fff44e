//! The file of a post in groups: uploaded here, or named by its address elsewhere. The composer and the form of a
//! template share its fields.

mod upload;

use domain::post::{MediaKind, PostMedia};
use maud::{Markup, Render, html};

pub(super) use upload::take;
pub use upload::{FORM_BYTES_MAX, Posted, serve};

use crate::ui::{
    button::{Button, Weight},
    field::{Choice, Field},
    icons::Icon,
};

/// The field with the kind of the file.
pub(super) const KIND: &str = "media-kind";
/// The field with the address of the file. It holds the final address once the form is taken.
pub(super) const URL: &str = "media-url";
/// The field with the name of the file.
pub(super) const NAME: &str = "media-name";
/// The field with the address of a file that is kept here. It stays unless another file replaces it.
const OWN: &str = "own-file";
/// The button that removes the file.
const DROP: &str = "drop-file";
/// The file types that the browser offers.
const ACCEPT: &str = "image/jpeg,image/png,image/webp,video/mp4,application/pdf,.pdf,.doc,.docx,.xls,.xlsx,.csv,.txt,.ppt,.pptx,.zip";

/// The fields for the file of a post.
pub(super) struct FileFields<'a> {
    /// The file as it was typed or is kept; its address may be empty.
    pub(super) file: &'a PostMedia,
    /// What is wrong with the file, in words; `None` where nothing is.
    pub(super) problem: Option<String>,
    /// Whether the problem is about an uploaded file that was refused.
    pub(super) refused: bool,
    /// Whether the reader may change the file.
    pub(super) may: bool,
    /// The markup below the field of an address elsewhere.
    pub(super) below: Markup,
}

impl Render for FileFields<'_> {
    fn render(&self) -> Markup {
        let PostMedia { kind, url, name } = self.file;
        let own = self.file.own().is_some();
        let problem = self.problem.clone();
        let (brought, elsewhere) = if self.refused || own { (problem, None) } else { (None, problem) };
        let kinds =
            MediaKind::ALL.iter().map(|one| Choice::new(one.word(), one.title(), kind.word())).collect();
        let upload = Field::file("file", if own { "Another file" } else { "Upload a file" }, ACCEPT)
            .help("A picture, a video or a document of at most 16 MB. It is kept here, and the gateway fetches it here.")
            .error(brought)
            .autosubmit();
        let address = Field::input("url", URL, "Or its address elsewhere")
            .value(if own { "" } else { url.as_str() })
            .placeholder("https://")
            .error(elsewhere)
            .autosubmit();
        html! {
            div class="m-row2" {
                (Field::select(KIND, "File", kinds).disabled(!self.may))
                (Field::text(NAME, "Its name").value(name).placeholder("excel-tonight.jpg").disabled(!self.may))
            }
            @if own { (kept(self.file, self.may)) }
            @if self.may { (upload) }
            @if self.may || !own { (address.disabled(!self.may)) }
            @if !own { (self.below) }
        }
    }
}

/// A file that is kept here. The form carries its address along. Another address in the field below replaces it.
fn kept(file: &PostMedia, may: bool) -> Markup {
    html! {
        div class="m-filecard" {
            @if file.kind == MediaKind::Image { img class="m-filecard__img" src=(file.url) alt=""; } @else { (Icon::Download) }
            div class="m-filecard__what" {
                p class="m-filecard__name" { (file.name) }
                p class="m-sub" { (file.kind.title()) " · kept here, and looked at again before it is posted" }
            }
            @if may { (Button { weight: Weight::Ghost, ..Button::new("Remove file").icon(Icon::Trash).submit(DROP, "yes").unchecked() }) }
        }
        input type="hidden" name=(OWN) value=(file.url);
    }
}

/// The fields that say which file is kept here become the address of the file.
fn settle(pairs: &mut Vec<(String, String)>) {
    let drops = pairs.iter().any(|(name, _)| name == DROP);
    let own = pairs.iter().rev().find(|(name, _)| name == OWN).map(|(_, url)| url.clone());
    pairs.retain(|(name, _)| name != OWN && name != DROP);
    if drops {
        return pairs.retain(|(name, _)| ![URL, NAME, KIND].contains(&name.as_str()));
    }
    let named = pairs.iter().any(|(name, value)| name == URL && !value.trim().is_empty());
    if let Some(own) = own.filter(|_| !named) {
        pairs.retain(|(name, _)| name != URL);
        pairs.push((URL.to_owned(), own));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_stays_until_another_takes_its_place_or_it_is_taken_away() {
        let settled = |typed: &[(&str, &str)]| {
            let mut pairs: Vec<_> = typed.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            settle(&mut pairs);
            pairs.iter().find(|(name, _)| name == URL).map(|(_, url)| url.clone()).unwrap_or_default()
        };
        assert_eq!(settled(&[(URL, ""), (OWN, "/files/1/a.jpg")]), "/files/1/a.jpg");
        assert_eq!(
            settled(&[(URL, "https://a.example/b.jpg"), (OWN, "/files/1/a.jpg")]),
            "https://a.example/b.jpg"
        );
        assert_eq!(settled(&[(URL, " "), (OWN, "/files/1/a.jpg"), (DROP, "yes")]), "");
        assert_eq!(settled(&[(URL, "https://a.example/b.jpg")]), "https://a.example/b.jpg");
    }
}
