//! A walk through the product from its first page on, in one look: what is the same whichever channel it leads to.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::time::{Clock, WallClock};
use sandbox::Sandbox;

use crate::harness::{Browser, Page, Theme, Width, button, link};
use crate::program::Program;
use crate::review;

/// A person in front of a program of their own, with stand-ins for its providers.
pub(crate) struct Walk {
    pub(crate) page: Page,
    pub(crate) program: Program,
    pub(crate) sandbox: Sandbox,
    name: &'static str,
    look: (Width, Theme),
    problems: Vec<String>,
}

impl Walk {
    /// Opens the set-up page.
    pub(crate) async fn begin(browser: &Browser, name: &'static str, look: (Width, Theme)) -> Result<Walk> {
        let sandbox = Sandbox::start(sandbox::Config {
            // Reports say when they happened.
            epoch_ms: WallClock.now().0,
            ..sandbox::Config::default()
        })
        .await?;
        let program = Program::serve(&sandbox).await?;
        Walk::begin_with(browser, name, look, sandbox, program).await
    }

    /// Begins in front of a program that runs already.
    pub(crate) async fn begin_with(
        browser: &Browser,
        name: &'static str,
        look: (Width, Theme),
        sandbox: Sandbox,
        program: Program,
    ) -> Result<Walk> {
        let mut page = browser.page(look.0, look.1).await?;
        page.set_patience(Duration::from_secs(30));
        page.goto(&program.link).await?;
        Ok(Walk { page, program, sandbox, name, look, problems: Vec::new() })
    }

    pub(crate) async fn open(&self, path: &str) -> Result<()> {
        self.page.goto(&format!("{}{path}", self.program.url)).await
    }

    /// Notes what is wrong with the open page: on the laptop in every look, on the phone in the walk's own look.
    pub(crate) async fn review(&mut self, name: &str) -> Result<()> {
        let (page, name) = (&self.page, format!("{} {name}", self.name));
        self.problems.extend(match self.look.0 {
            Width::Desk => review::problems(page, &name, self.look).await?,
            Width::Phone => review::problems_as_it_is(page, &name, self.look.1).await?,
        });
        Ok(())
    }

    /// Sets up the organisation and its admin without quiet hours, because the test may run at any hour.
    pub(crate) async fn set_up(&self) -> Result<()> {
        let page = &self.page;
        page.fill("Organisation", "Udaan Academy").await?;
        page.fill("Quiet from", "00:00").await?;
        page.fill("Quiet until", "00:00").await?;
        page.fill("Your name", "Meera Iyer").await?;
        page.fill("Your e-mail", "meera@udaan.example").await?;
        page.fill("Password", "a crier walks before dawn").await?;
        page.click("Create organisation").await?;
        page.wait_text("Connect AiSensy").await
    }

    /// Adds a workshop for tomorrow; ends on its page.
    pub(crate) async fn add_workshop(&self, title: &str, join_link: &str) -> Result<()> {
        self.open("/workshops/new").await?;
        let hours = |hours: u32| {
            format!("new Date(Date.now() + ({hours} + 5.5) * 3600e3).toISOString().slice(0, 16)")
        };
        let page = &self.page;
        let starts: String = page.eval(&hours(24)).await?;
        let ends: String = page.eval(&hours(26)).await?;
        page.fill("Title", title).await?;
        page.fill("Starts", &starts).await?;
        page.fill("Ends", &ends).await?;
        page.fill("Join link", join_link).await?;
        page.click("Add workshop").await?;
        page.wait_text("Workshop added").await
    }

    /// Uploads a file of people for the workshop whose page is open; ends at the choice of columns.
    pub(crate) async fn upload(&mut self, people: &str) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("registrations.csv");
        std::fs::write(&file, people)?;
        self.page.click(link("Import people").nth(0)).await?;
        self.review("import").await?;
        self.page.upload("File", &[&file]).await?;
        self.page.click(button("Upload")).await?;
        self.page.wait_url("/columns").await
    }

    /// What the link “Export” downloads.
    pub(crate) async fn export(&self) -> Result<String> {
        let href: Option<String> = self
            .page
            .eval("[...document.querySelectorAll('a')].find(a => a.innerText.trim() === 'Export')?.href ?? null")
            .await?;
        let href = href.context("there is no link “Export”")?;
        let answer: (u16, String, String) = self
            .page
            .eval(&format!(
                "fetch({href:?}).then(async a => [a.status, a.headers.get('content-disposition') ?? '', await a.text()])"
            ))
            .await?;
        ensure!(answer.0 == 200 && answer.1.starts_with("attachment"), "{answer:?}");
        Ok(answer.2)
    }

    /// Fails if anything was wrong with a reviewed page, or behind one.
    pub(crate) async fn end(self) -> Result<()> {
        self.page.assert_quiet().await?;
        ensure!(
            self.problems.is_empty(),
            "{} problems:\n{}",
            self.problems.len(),
            self.problems.join("\n\n")
        );
        Ok(())
    }
}

/// Opens the fold with the sources of the template's values, which is closed where all values are filled.
pub(crate) async fn open_values(page: &Page) -> Result<()> {
    page.wait_for("document.readyState === 'complete' && document.querySelector('.m-vars')").await?;
    page.eval::<bool>("(document.querySelector('#values:not([open]) > summary')?.click(), true)").await?;
    Ok(())
}

/// Takes the quiet hours from the demonstration's organisation, because the test may run at any hour.
pub(crate) async fn no_quiet_hours(page: &Page, program: &Program) -> Result<()> {
    page.goto(&format!("{}/settings/organisation", program.url)).await?;
    page.fill("Quiet from", "00:00").await?;
    page.fill("Quiet until", "00:00").await?;
    page.click("Save settings").await?;
    page.wait_text("Settings saved").await
}
