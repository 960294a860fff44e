//! Writes every sample page, light and dark, with its assets into a folder, to be looked at in a browser.
//!
//! `cargo run -p munadi --example gallery -- FOLDER`

use std::{env, error::Error, fs, path::Path};

use munadi::ui::assets;
use munadi::ui::{samples, shell::Theme};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("a folder is needed")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in assets::all() {
        // A page opened from a file has no root: paths become relative, in the style sheet too.
        let text = str::from_utf8(&asset.bytes).map(|text| text.replace("url(/assets/", "url("));
        let bytes = text.map_or_else(|_| asset.bytes.clone(), String::into_bytes);
        fs::write(folder.join(asset.path.trim_start_matches('/')), bytes)?;
    }
    for theme in [Theme::Light, Theme::Dark] {
        for (name, page) in samples::all(theme) {
            let html = page.into_string().replace("\"/assets/", "\"assets/");
            fs::write(folder.join(format!("{name}-{}.html", theme.word())), html)?;
        }
    }
    Ok(())
}
