//! The first evening with Munadi: from the set-up link to the list of who got what.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sandbox::{Sandbox, Webhook, aisensy};

use crate::harness::{Browser, Page, Target, Theme, Width, button, link};
use crate::program::Program;
use crate::review;

const WEBHOOK_SECRET: &str = "shared-secret-of-this-test";
const BODY: &str = "Hi {{1}}, your seat for {{2}} on {{3}} is confirmed.";
const WORKSHOP: &str = "Excel for Working Professionals";
/// Ten people: one without a number that can be read, which is mended, and one whose number stays wrong.
const PEOPLE: &str = "Full name,Mobile,E-mail
Asha Rao,90000 00101,asha@example.in
Ravi Menon,+91 90000 00102,ravi@example.in
Divya Nair,09000000103,divya@example.in
Imran Shaikh,12,imran@example.in
Kavita Joshi,90000-00105,kavita@example.in
Arjun Singh,90000 00106,
आशा कुमारी,90000 00107,aasha@example.in
Farah Khan,90000 00108,farah@example.in
Neel Desai,not given,neel@example.in
Zoya Ali,90000 00110,zoya@example.in
";
/// Rows that become registrants: all but one.
const IMPORTED: usize = 9;

/// One walk through the product, in one look.
struct Walk {
    page: Page,
    program: Program,
    sandbox: Sandbox,
    look: (Width, Theme),
    problems: Vec<String>,
}

impl Walk {
    async fn begin(browser: &Browser, look: (Width, Theme)) -> Result<Walk> {
        let sandbox = Sandbox::start(sandbox::Config::default()).await?;
        let program = Program::serve(&sandbox).await?;
        let mut page = browser.page(look.0, look.1).await?;
        page.set_patience(Duration::from_secs(30));
        page.goto(&program.link).await?;
        Ok(Walk { page, program, sandbox, look, problems: Vec::new() })
    }

    async fn open(&self, path: &str) -> Result<()> {
        self.page.goto(&format!("{}{path}", self.program.url)).await
    }

    /// Notes what is wrong with the page that is open.
    async fn review(&mut self, name: &str) -> Result<()> {
        self.problems.extend(review::problems(&self.page, &format!("path {name}"), self.look).await?);
        Ok(())
    }

    /// The organisation and its admin. Nothing is held back for the night: the test may run at any hour.
    async fn set_up(&mut self) -> Result<()> {
        self.review("set-up").await?;
        let page = &self.page;
        page.fill("Organisation", "Udaan Academy").await?;
        page.fill("Quiet from", "00:00").await?;
        page.fill("Quiet until", "00:00").await?;
        page.fill("Your name", "Meera Iyer").await?;
        page.fill("Your e-mail", "meera@udaan.example").await?;
        page.fill("Password", "a crier walks before dawn").await?;
        page.click("Create organisation").await?;
        page.wait_text("Connect AiSensy").await?;
        self.review("home-empty").await
    }

    /// The account, and the way of its receipts.
    async fn connect(&mut self) -> Result<()> {
        self.open("/settings/integrations").await?;
        self.page.click("Connect AiSensy").await?;
        let page = &self.page;
        page.fill("Name", "Udaan main").await?;
        page.fill("Campaign API key", aisensy::DEFAULT_KEY).await?;
        page.fill("Project id", aisensy::DEFAULT_PROJECT).await?;
        page.fill("Project API password", aisensy::DEFAULT_PASSWORD).await?;
        page.fill("Webhook shared secret", WEBHOOK_SECRET).await?;
        page.click(button("Add account")).await?;
        page.wait_text("Account added").await?;
        let url: String = page.eval("document.getElementById('webhook_url').value").await?;
        ensure!(url.starts_with(&self.program.url), "receipts would go to {url}");
        self.sandbox.set_webhooks(vec![Webhook { url, secret: WEBHOOK_SECRET.to_owned() }]);
        page.fill("Campaign to ask about", "seat_confirmed").await?;
        page.click("Test connection").await?;
        page.wait_text("Live").await?;
        self.review("integration").await
    }

    async fn write_template(&mut self) -> Result<()> {
        self.open("/settings/templates/new").await?;
        let page = &self.page;
        page.fill("Name", "Seat confirmed").await?;
        page.fill("Campaign name", "seat_confirmed").await?;
        page.fill("Text", BODY).await?;
        page.click("Update values and preview").await?;
        for (at, source) in ["First name", "Title", "Date"].into_iter().enumerate() {
            // Each choice brings the preview up to date.
            page.select(Target::from("Comes from").nth(at), source).await?;
        }
        page.fill(Target::from("When it is empty, say").nth(0), "there").await?;
        self.review("template").await?;
        self.page.click("Save template").await?;
        self.page.wait_text("Template saved").await
    }

    /// A workshop tomorrow.
    async fn add_workshop(&mut self) -> Result<()> {
        self.open("/workshops/new").await?;
        let hours = |hours: u32| {
            format!("new Date(Date.now() + ({hours} + 5.5) * 3600e3).toISOString().slice(0, 16)")
        };
        let page = &self.page;
        let starts: String = page.eval(&hours(24)).await?;
        let ends: String = page.eval(&hours(26)).await?;
        page.fill("Title", WORKSHOP).await?;
        page.fill("Starts", &starts).await?;
        page.fill("Ends", &ends).await?;
        page.fill("Join link", "https://meet.example/udaan-excel").await?;
        page.click("Add workshop").await?;
        page.wait_text("Workshop added").await?;
        self.review("workshop-empty").await
    }

    async fn import(&mut self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("registrations.csv");
        std::fs::write(&file, PEOPLE)?;
        self.page.click(link("Import people").nth(0)).await?;
        self.review("import").await?;
        self.upload(&file).await?;
        self.review("columns").await?;
        self.page.click("Check the rows").await?;
        self.page.wait_text("2 rows to fix").await?;
        self.review("rows").await?;
        let page = &self.page;
        page.fill("Phone number, row 5", "90000 00104").await?;
        page.click("Save corrections").await?;
        // The button counts what is good now: the corrected row with it.
        page.click(format!("Import {IMPORTED} people").as_str()).await?;
        page.wait_text("Open workshop").await?;
        self.review("imported").await?;
        self.page.click("Open workshop").await?;
        self.page.wait_text("Asha Rao").await?;
        self.review("workshop").await
    }

    async fn upload(&self, file: &Path) -> Result<()> {
        self.page.upload("File", &[file]).await?;
        self.page.click(button("Upload")).await?;
        self.page.wait_url("/columns").await
    }

    async fn send(&mut self) -> Result<()> {
        self.page.click("Send Message Now").await?;
        self.review("home").await?;
        self.page.click("Review and send").await?;
        self.page.wait_text(&format!("Send to {IMPORTED} people now?")).await?;
        self.review("confirm").await?;
        self.page.click(button(&format!("Send to {IMPORTED} people")).within("dialog[open]")).await?;
        self.page.wait_url("/broadcasts/").await?;
        self.review("broadcast").await
    }

    /// Follows the broadcast to its end on one and the same document.
    async fn watch(&mut self) -> Result<()> {
        self.page.eval::<bool>("window.sameDocument = true").await?;
        self.page.set_patience(std::time::Duration::from_secs(40));
        self.page.wait_text_gone("Take it back").await?;
        for _ in 0..300 {
            if self.sandbox.world().len() >= IMPORTED {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        self.page.wait_text_gone("Sending").await?;
        self.page.wait_text_gone("Scheduled").await?;
        self.sandbox.flush_receipts().await;
        // Filters, foot and rows follow too, as does a message that is opened over them.
        self.page.wait_text(&format!("All {IMPORTED}")).await?;
        self.page.wait_text(&format!("1–{IMPORTED} of {IMPORTED}")).await?;
        let going = "[...document.querySelectorAll('.m-people tbody .m-col-state')].filter(cell => /Waiting|In flight/.test(cell.innerText))";
        self.page.wait_for(&format!("{going}.length === 0")).await?;
        self.page.wait_for("document.querySelector('[data-live-id=running]').hidden").await?;
        ensure!(self.page.eval::<bool>("window.sameDocument === true").await?, "the page was loaded again");
        let texts = self.sandbox.world().messages(0, 100);
        ensure!(texts.len() == IMPORTED, "{} messages reached phones", texts.len());
        self.review("broadcast-finished").await
    }

    /// The file has a line for everybody.
    async fn export(&self) -> Result<()> {
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
        ensure!(answer.2.lines().count() == IMPORTED + 1, "not a line for each:\n{}", answer.2);
        for name in ["Asha Rao", "Imran Shaikh", "आशा कुमारी"] {
            ensure!(answer.2.contains(name), "{name} is not in:\n{}", answer.2);
        }
        Ok(())
    }
}

async fn from_set_up_to_export(look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut walk = Walk::begin(&browser, look).await?;
    walk.set_up().await?;
    walk.connect().await?;
    walk.write_template().await?;
    walk.add_workshop().await?;
    walk.import().await?;
    walk.send().await?;
    walk.watch().await?;
    walk.export().await?;
    walk.page.assert_quiet().await?;
    assert!(walk.problems.is_empty(), "{} problems:\n{}", walk.problems.len(), walk.problems.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn from_set_up_to_export_on_a_laptop() -> Result<()> {
    from_set_up_to_export((Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn from_set_up_to_export_on_a_phone_in_the_dark() -> Result<()> {
    from_set_up_to_export((Width::Phone, Theme::Dark)).await
}
