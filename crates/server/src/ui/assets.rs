//! Style sheets, script, font and icon: inside the program, named by what is in them.
//!
//! A path changes when its bytes do, so an answer may be kept for a year.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// What a browser may be told about any of these: a changed file has another name.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// A file that pages refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The component styles of maud-ui.
    Components,
    /// Our tokens and parts, on top of them.
    Brand,
    /// Makes pages live; every page works without it.
    Live,
    /// Keeps what is typed while a tab of the browser is open.
    Drafts,
    /// Sets marks around what is selected in a text; without it they are typed.
    Marks,
    /// Records a voice in the browser; the form takes a file without it.
    Recorder,
    /// The typeface Inter, variable, with Latin letters.
    Font,
    /// The sign of the product, for the tab of a browser.
    Icon,
}

/// An asset as it is served.
pub struct Served {
    /// The path of the asset, from the root of the site.
    pub path: String,
    /// The bytes of the asset.
    pub bytes: Vec<u8>,
    /// The media type of the asset.
    pub content_type: &'static str,
}

/// The path of an asset, from the root of the site: `/assets/brand.0f3a….css`.
pub fn path(asset: Asset) -> &'static str {
    &served(asset).path
}

/// The asset at a path, if there is one.
pub fn at(path: &str) -> Option<&'static Served> {
    all().find(|served| served.path == path)
}

/// Every asset.
pub fn all() -> impl Iterator<Item = &'static Served> {
    SERVED.iter().map(|(_, served)| served)
}

fn served(asset: Asset) -> &'static Served {
    let found = SERVED.iter().find(|(of, _)| *of == asset);
    &found.expect("every asset is in the table: a test looks up each").1
}

static SERVED: LazyLock<Vec<(Asset, Served)>> = LazyLock::new(|| {
    let font = file("inter", "woff2", "font/woff2", maud_ui::assets::INTER_WOFF2.to_vec());
    // maud-ui names its font relative to its style sheet; ours carries its hash.
    let components =
        maud_ui::assets::CSS_MIN.replace("url(fonts/InterVariable.woff2)", &format!("url({})", font.path));
    let components = with_preference(&components);
    let brand = with_preference(include_str!("../../assets/brand.css"));
    vec![
        (Asset::Components, file("maud-ui", "css", "text/css; charset=utf-8", components.into_bytes())),
        (Asset::Brand, file("brand", "css", "text/css; charset=utf-8", brand.into_bytes())),
        (Asset::Live, script("live", include_str!("../../assets/live.js"))),
        (Asset::Drafts, script("drafts", include_str!("../../assets/drafts.js"))),
        (Asset::Marks, script("marks", include_str!("../../assets/marks.js"))),
        (Asset::Recorder, script("recorder", include_str!("../../assets/recorder.js"))),
        (Asset::Font, font),
        (Asset::Icon, file("icon", "svg", "image/svg+xml", include_bytes!("../../assets/icon.svg").to_vec())),
    ]
});

fn script(name: &str, text: &str) -> Served {
    file(name, "js", "text/javascript; charset=utf-8", text.as_bytes().to_vec())
}

/// A style sheet with the rules of the dark theme once more, for pages that leave the theme to a browser which prefers dark; and those that
/// only the light theme has, for the others.
fn with_preference(css: &str) -> String {
    let mut more = [String::new(), String::new()];
    let bare = without_comments(css);
    for (selector, body) in rules(&bare) {
        for (at, theme) in ["dark", "light"].into_iter().enumerate() {
            let marks = [format!("[data-theme=\"{theme}\"]"), format!("[data-theme={theme}]")];
            // The light theme's own tokens stand under `:root` too.
            if !selector.contains(":root") && marks.iter().any(|mark| selector.contains(mark.as_str())) {
                let auto = marks
                    .iter()
                    .fold(selector.to_owned(), |text, mark| text.replace(mark, "[data-theme=auto]"));
                more[at].push_str(&format!("{}{{{body}}}\n", auto.trim()));
            }
        }
    }
    let [dark, light] = more;
    format!(
        "{css}\n@media (prefers-color-scheme: dark) {{\n{dark}}}\n@media not (prefers-color-scheme: dark) {{\n{light}}}\n"
    )
}

fn without_comments(css: &str) -> String {
    let mut bare = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    bare + rest
}

/// The rules of a style sheet outside of `@media` and the like: selector and declarations.
fn rules(css: &str) -> Vec<(&str, &str)> {
    let mut found = vec![];
    let mut rest = css;
    while let Some((head, after)) = rest.split_once('{') {
        // A statement such as `@charset` may stand before a selector.
        let selector = head.rsplit(';').next().unwrap_or(head);
        let mut depth = 1_usize;
        let end = after.char_indices().find(|(_, c)| {
            depth = match c {
                '{' => depth + 1,
                '}' => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        let Some((end, _)) = end else { break };
        if !selector.trim_start().starts_with('@') {
            found.push((selector, &after[..end]));
        }
        rest = &after[end + 1..];
    }
    found
}

fn file(name: &str, ending: &str, content_type: &'static str, bytes: Vec<u8>) -> Served {
    let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
    Served { path: format!("/assets/{name}.{hash}.{ending}"), bytes, content_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_at_its_own_path() {
        for asset in [
            Asset::Components,
            Asset::Brand,
            Asset::Live,
            Asset::Drafts,
            Asset::Marks,
            Asset::Recorder,
            Asset::Font,
            Asset::Icon,
        ] {
            let found = at(path(asset)).expect("served at its path");
            assert!(!found.bytes.is_empty(), "{asset:?} is empty");
        }
        assert!(at("/assets/brand.css").is_none(), "a path without the hash is not kept");
    }

    #[test]
    fn the_component_styles_name_the_font_where_it_is_served() {
        let css = String::from_utf8(at(path(Asset::Components)).unwrap().bytes.clone()).unwrap();
        assert!(css.contains(path(Asset::Font)));
        assert!(!css.contains("url(fonts/"));
    }

    #[test]
    fn the_dark_theme_needs_no_more_than_a_browser_that_prefers_it() {
        let css = "/* { */ :root, [data-theme=light] { --a: 1; }\n[data-theme=\"dark\"] .x { --a: 2; }\n@media print { .y { b: c } }\n[data-theme=light] .z { --a: 3 }";
        let made = with_preference(css);
        assert!(made.starts_with(css));
        let (_, more) = made.split_once("@media (prefers-color-scheme: dark)").unwrap();
        let (dark, light) = more.split_once("@media not").unwrap();
        assert!(dark.contains("[data-theme=auto] .x{ --a: 2; }") && !dark.contains("--a: 3"), "{dark}");
        assert!(light.contains("[data-theme=auto] .z{ --a: 3 }") && !light.contains("--a: 1"), "{light}");
        for asset in [Asset::Components, Asset::Brand] {
            let css = String::from_utf8(at(path(asset)).unwrap().bytes.clone()).unwrap();
            let (_, more) = css.rsplit_once("@media (prefers-color-scheme: dark)").unwrap();
            assert!(more.contains("[data-theme=auto]"), "{asset:?}");
        }
    }

    #[test]
    fn each_script_is_small_and_names_nothing_that_a_strict_policy_forbids() {
        for asset in [Asset::Live, Asset::Drafts, Asset::Marks, Asset::Recorder] {
            let script = String::from_utf8(at(path(asset)).unwrap().bytes.clone()).unwrap();
            assert!(script.lines().count() < 500);
            for banned in ["eval(", "new Function", "setAttribute(\"style\"", "javascript:"] {
                assert!(!script.contains(banned), "{banned}");
            }
        }
    }
}
