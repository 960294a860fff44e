//! The file of a post: uploaded here, or named by its address elsewhere.

use domain::post::{MediaKind, PostMedia};
use maud::{Markup, html};

use super::{Composing, typed::LOOK};
use crate::ui::{
    button::{Button, Weight},
    field::{Choice, Field},
    icons::Icon,
};

/// The file types that the browser offers.
const ACCEPT: &str = "image/jpeg,image/png,image/webp,video/mp4,application/pdf,.pdf,.doc,.docx,.xls,.xlsx,.csv,.txt,.ppt,.pptx,.zip";

/// The fields for the file, and what is wrong with it.
pub(super) fn media(composing: &Composing) -> Markup {
    let typed = &composing.typed;
    let (kind, url, name) = &typed.media;
    let wrong = composing.review.draft.media.as_ref();
    let own = composing.review.draft.post.media.as_ref().filter(|media| media.own().is_some());
    let problem = wrong.map(|problem| format!("{problem}. {}", problem.help()));
    let (brought, elsewhere) = match (&typed.refused, own) {
        (Some(_), _) | (None, Some(_)) => (problem, None),
        (None, None) => (None, problem),
    };
    let upload = Field::file("file", if own.is_some() { "Another file" } else { "Upload a file" }, ACCEPT)
        .help("A picture, a video or a document of at most 16 MB. It is kept here, and the gateway fetches it here.")
        .error(brought)
        .autosubmit();
    let address = Field::input("url", "media-url", "Or its address elsewhere")
        .value(if own.is_some() { "" } else { url.as_str() })
        .placeholder("https://")
        .error(elsewhere)
        .autosubmit();
    let fits = typed.looks
        && wrong.is_none()
        && !url.is_empty()
        && composing.review.draft.post.problems().is_empty();
    let kinds =
        MediaKind::ALL.iter().map(|kind_| Choice::new(kind_.word(), kind_.title(), kind.0.word())).collect();
    html! {
        div class="m-row2" {
            (Field::select("media-kind", "File", kinds))
            (Field::text("media-name", "Its name").value(name).placeholder("excel-tonight.jpg"))
        }
        @if let Some(file) = own { (kept(file)) }
        (upload)
        (address)
        @if own.is_none() { div class="m-acts" {
            (Button::new("Check the file").icon(Icon::Test).submit("do", LOOK).unchecked().busy("Looking…"))
            @if fits { p class="m-hint" role="status" { (Icon::Check) " It can be fetched, and is of its kind and size. It is looked at again before it is posted." } }
        } }
    }
}

/// A file that is kept here. The form carries its address along. Another address in the field below replaces it.
fn kept(file: &PostMedia) -> Markup {
    html! {
        div class="m-filecard" {
            @if file.kind == MediaKind::Image { img class="m-filecard__img" src=(file.url) alt=""; } @else { (Icon::Download) }
            div class="m-filecard__what" {
                p class="m-filecard__name" { (file.name) }
                p class="m-sub" { (file.kind.title()) " · kept here, and looked at again before it is posted" }
            }
            (Button { weight: Weight::Ghost, ..Button::new("Remove file").icon(Icon::Trash).submit("drop-file", "yes").unchecked() })
        }
        input type="hidden" name="own-file" value=(file.url);
    }
}
