//! The demands on every page, whoever wrote it: readable by everyone, as wide as its window, without an error behind
//! it.

use std::path::PathBuf;

use anyhow::Result;

use crate::harness::{Page, Theme, Width};

/// The variable that names a folder in which the tests leave a picture of each page.
const PICTURES: &str = "MUNADI_TEST_PICTURES";

/// Every look that a page can have. The second look of each width differs from the first only in colours.
const LOOKS: [(Width, [Theme; 2]); 2] =
    [(Width::Desk, [Theme::Light, Theme::Dark]), (Width::Phone, [Theme::Dark, Theme::Light])];

/// All windows lie between these widths: small phones, 200 % zoom of two laptops (640, 720), tablets, small laptops,
/// a large screen.
const WIDTHS: &[u32] = &[320, 360, 480, 640, 720, 768, 900, 1024, 1201, 1240, 1285, 1366, 1536, 1920];

/// The widths at which labels overlap first: 400 % and 200 % zoom of a laptop, and the narrowest window with the menu
/// at its side.
const NARROW: &[u32] = &[320, 640, 720, 1201];

/// What is wrong with the open page, in every width and theme. Leaves the page in the width and theme of `then`.
pub(crate) async fn problems(page: &Page, name: &str, then: (Width, Theme)) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut note = |look: &str, result: Result<()>| {
        if let Err(error) = result {
            found.push(format!("{name}{look}: {error:#}"));
        }
    };
    for (width, themes) in LOOKS {
        page.resize(width).await?;
        for (at, theme) in themes.into_iter().enumerate() {
            wear(page, theme).await?;
            let look = format!(" {width:?} {theme:?}");
            if at == 0 {
                note(&look, page.assert_fits().await);
                note(&look, page.assert_ids_differ().await);
                note(&look, page.assert_accessible().await);
            } else {
                note(&look, page.assert_legible().await);
            }
            if let Some(folder) = std::env::var_os(PICTURES) {
                let file = format!("{name}-{width:?}-{theme:?}.png").to_lowercase().replace(['/', ' '], "_");
                page.screenshot_whole(&PathBuf::from(folder).join(file)).await?;
            }
        }
    }
    for width in WIDTHS {
        page.resize_to(*width).await?;
        note(&format!(" {width} px"), page.assert_fits().await);
        if NARROW.contains(width) {
            note(&format!(" {width} px"), page.assert_apart().await);
        }
    }
    let quiet = page.assert_quiet().await;
    if quiet.is_err() {
        // The problem is named once, with the page that it belongs to.
        page.expect_problem("").await?;
    }
    note("", quiet);
    page.resize(then.0).await?;
    wear(page, then.1).await?;
    Ok(found)
}

/// The same in the one look that the page has, for a walk that is repeated in every look.
pub(crate) async fn problems_as_it_is(page: &Page, name: &str, theme: Theme) -> Result<Vec<String>> {
    wear(page, theme).await?;
    let results = [
        page.assert_fits().await,
        page.assert_ids_differ().await,
        page.assert_accessible().await,
        page.assert_quiet().await,
    ];
    Ok(results.into_iter().filter_map(Result::err).map(|error| format!("{name}: {error:#}")).collect())
}

/// Changes the theme, which is a cookie. The open document is changed as the page's own button changes it, without
/// loading, because a dialog or a notice that is open has to be looked at, too.
pub(crate) async fn wear(page: &Page, theme: Theme) -> Result<()> {
    let word = match theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    page.theme(theme).await?;
    let url = page.url().await?;
    if url.starts_with("http") {
        page.set_cookie(&url, "theme", word).await?;
    }
    let scheme =
        format!("document.querySelector('meta[name=color-scheme]')?.setAttribute('content', '{word}')");
    page.eval::<Option<bool>>(&format!(
        "(document.documentElement.dataset.theme = '{word}', {scheme}, null)"
    ))
    .await?;
    Ok(())
}
