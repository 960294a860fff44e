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
    /// Inter, variable, Latin.
    Font,
    /// The sign of the product, for the tab of a browser.
    Icon,
}

/// An asset as it is served.
pub struct Served {
    /// Where it is found, from the root of the site.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type.
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
    vec![
        (Asset::Components, file("maud-ui", "css", "text/css; charset=utf-8", components.into_bytes())),
        (
            Asset::Brand,
            file(
                "brand",
                "css",
                "text/css; charset=utf-8",
                include_bytes!("../../assets/brand.css").to_vec(),
            ),
        ),
        (
            Asset::Live,
            file(
                "live",
                "js",
                "text/javascript; charset=utf-8",
                include_bytes!("../../assets/live.js").to_vec(),
            ),
        ),
        (Asset::Font, font),
        (Asset::Icon, file("icon", "svg", "image/svg+xml", include_bytes!("../../assets/icon.svg").to_vec())),
    ]
});

fn file(name: &str, ending: &str, content_type: &'static str, bytes: Vec<u8>) -> Served {
    let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
    Served { path: format!("/assets/{name}.{hash}.{ending}"), bytes, content_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_at_its_own_path() {
        for asset in [Asset::Components, Asset::Brand, Asset::Live, Asset::Font, Asset::Icon] {
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
    fn the_script_is_small_and_names_nothing_that_a_strict_policy_forbids() {
        let script = String::from_utf8(at(path(Asset::Live)).unwrap().bytes.clone()).unwrap();
        assert!(script.lines().count() < 360);
        for banned in ["eval(", "new Function", "setAttribute(\"style\"", "javascript:"] {
            assert!(!script.contains(banned), "{banned}");
        }
    }
}
