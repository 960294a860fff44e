//! What every page has to be, whoever wrote it: readable by everyone, as wide as its window, without an error behind it.

use std::path::PathBuf;

use anyhow::Result;

use crate::harness::{Page, Theme, Width};

/// Set to a folder, the tests leave a picture of each page there.
const PICTURES: &str = "MUNADI_TEST_PICTURES";

/// Every look that a page can have.
const LOOKS: [(Width, Theme); 4] = [
    (Width::Desk, Theme::Light),
    (Width::Desk, Theme::Dark),
    (Width::Phone, Theme::Dark),
    (Width::Phone, Theme::Light),
];

/// What is wrong with the page that is open, in any width and theme. Leaves it as wide and bright as told.
pub(crate) async fn problems(page: &Page, name: &str, then: (Width, Theme)) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut note = |look: &str, result: Result<()>| {
        if let Err(error) = result {
            found.push(format!("{name}{look}: {error:#}"));
        }
    };
    for (width, theme) in LOOKS {
        page.resize(width).await?;
        page.theme(theme).await?;
        let look = format!(" {width:?} {theme:?}");
        note(&look, page.assert_fits().await);
        note(&look, page.assert_accessible().await);
        if let Some(folder) = std::env::var_os(PICTURES) {
            let file = format!("{name}-{width:?}-{theme:?}.png").to_lowercase().replace(['/', ' '], "_");
            page.screenshot_whole(&PathBuf::from(folder).join(file)).await?;
        }
    }
    let quiet = page.assert_quiet().await;
    if quiet.is_err() {
        // Told once, with the page it belongs to.
        page.expect_problem("").await?;
    }
    note("", quiet);
    page.resize(then.0).await?;
    page.theme(then.1).await?;
    Ok(found)
}
