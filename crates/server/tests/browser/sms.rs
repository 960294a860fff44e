//! A first SMS: from the key of the account to what each message cost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::time::{Clock, WallClock};
use sandbox::{Sandbox, fast2sms};

use crate::harness::{Browser, Page, Target, Theme, Width, button, link};
use crate::program::Program;
use crate::review;

/// 28 characters: it fits into a value, and makes an SMS in Hindi two.
const WORKSHOP: &str = "Spreadsheets for Office Work";
/// What the form of a template is filled with: the text that the operators know and the DLT Manager does not list.
const REGISTERED: &str = "Dear {#var#}, your seat in {#var#} is confirmed. -Example Academy";
const REGISTERED_ID: &str = "1100000000000000009";
const BY_FORM: &str = "Seat confirmed";
/// As the list names the text `111111` of the DLT Manager.
const FILLED: &str = "Hi …, … starts at …. -Example Academy";
/// Numbers whose ending decides what becomes of them are those of the stand-in.
const PEOPLE: &str = "Name,Phone
Asha Rao,90000 00201
Ravi Menon,90000 00202
आशा कुमारी,90000 00203
Divya Nair,90000 09901
Imran Shaikh,90000 09905
Kavita Joshi,90000 09907
Omar Farooq,+971 50 123 4567
";
const REGISTRANTS: usize = 7;
/// All but Omar, whom no Indian SMS reaches.
const REACHED: usize = 6;
/// One each, and two for the name that makes the text Unicode.
const SEGMENTS: i64 = 7;

/// One walk through the product, in one look.
struct Walk {
    page: Page,
    program: Program,
    sandbox: Sandbox,
    look: (Width, Theme),
    problems: Vec<String>,
}

impl Walk {
    /// Up to an organisation without accounts. Nothing is held back for the night: the test may run at any hour.
    async fn begin(browser: &Browser, look: (Width, Theme)) -> Result<Walk> {
        let sandbox = Sandbox::start(sandbox::Config {
            // Reports say when they happened.
            epoch_ms: WallClock.now().0,
            ..sandbox::Config::default()
        })
        .await?;
        let program = Program::serve(&sandbox).await?;
        let mut page = browser.page(look.0, look.1).await?;
        page.set_patience(Duration::from_secs(30));
        page.goto(&program.link).await?;
        page.fill("Organisation", "Udaan Academy").await?;
        page.fill("Quiet from", "00:00").await?;
        page.fill("Quiet until", "00:00").await?;
        page.fill("Your name", "Meera Iyer").await?;
        page.fill("Your e-mail", "meera@udaan.example").await?;
        page.fill("Password", "a crier walks before dawn").await?;
        page.click("Create organisation").await?;
        page.wait_text("Connect AiSensy").await?;
        Ok(Walk { page, program, sandbox, look, problems: Vec::new() })
    }

    async fn open(&self, path: &str) -> Result<()> {
        self.page.goto(&format!("{}{path}", self.program.url)).await
    }

    /// Notes what is wrong with the page that is open: from the laptop in every look, as the phone's walk sees it in its own.
    async fn review(&mut self, name: &str) -> Result<()> {
        let (page, name) = (&self.page, format!("sms {name}"));
        self.problems.extend(match self.look.0 {
            Width::Desk => review::problems(page, &name, self.look).await?,
            Width::Phone => review::problems_as_it_is(page, &name, self.look.1).await?,
        });
        Ok(())
    }

    /// The account, its wallet, and the way of its receipts.
    async fn connect(&mut self) -> Result<()> {
        self.open("/settings/integrations").await?;
        self.page.click("Connect Fast2SMS").await?;
        self.review("account-form").await?;
        let page = &self.page;
        page.fill("Name", "Udaan SMS").await?;
        page.fill("API key", fast2sms::DEFAULT_KEY).await?;
        page.fill("Default header", fast2sms::DEFAULT_SENDER).await?;
        page.fill("Entity id", fast2sms::DEFAULT_ENTITY).await?;
        page.click(button("Add account")).await?;
        page.wait_text("Account added").await?;
        let url: String = page.eval("document.getElementById('webhook_url').value").await?;
        ensure!(url.starts_with(&self.program.url), "receipts would go to {url}");
        let webhooks = vec![fast2sms::Webhook::to(&url)];
        ensure!(self.sandbox.fast2sms().set_webhooks(fast2sms::DEFAULT_ACCOUNT, webhooks));
        page.click("Test connection").await?;
        // What the stand-in's account begins with.
        page.wait_text("₹10,000.00").await?;
        page.wait_text("Key and wallet answered").await?;
        self.review("account").await
    }

    /// A text of the DLT Manager, whose values have to be given a source before it can be sent.
    async fn fill_templates(&mut self) -> Result<()> {
        self.open("/settings/templates/sms").await?;
        self.page.click(link("Fill from Fast2SMS").nth(0)).await?;
        self.page.wait_text("5 new templates of 5").await?;
        self.review("fill").await?;
        let page = &self.page;
        page.select("Category", "Service").await?;
        page.click("Add ticked templates").await?;
        page.wait_text("5 templates added").await?;
        self.review("templates").await?;
        let page = &self.page;
        page.click(link(FILLED)).await?;
        page.select(Target::from("Comes from").nth(1), "Title").await?;
        page.select(Target::from("Comes from").nth(2), "Start time").await?;
        page.fill(Target::from("When it is empty, say").nth(0), "there").await?;
        page.click("Save template").await?;
        page.wait_text("Template saved").await
    }

    /// A text that only the register knows, with a place for each person's name.
    async fn write_template(&mut self) -> Result<()> {
        self.open("/settings/templates/sms/new").await?;
        let page = &self.page;
        page.fill("Name", BY_FORM).await?;
        page.select("Way of sending", "DLT, by text").await?;
        page.fill("DLT content-template id", REGISTERED_ID).await?;
        // A space at the end is part of what is registered, and seen.
        page.fill("Text", &format!("{REGISTERED} ")).await?;
        page.click("Check").await?;
        page.wait_text("1 space that is easily lost").await?;
        self.review("template-unseen").await?;
        let page = &self.page;
        page.fill("Text", REGISTERED).await?;
        page.click("Check").await?;
        page.wait_text("Nothing unseen in it").await?;
        page.select(Target::from("Comes from").nth(0), "First name").await?;
        page.select(Target::from("Comes from").nth(1), "Title").await?;
        page.wait_text("1 SMS").await?;
        self.review("template").await?;
        self.page.click("Save template").await?;
        self.page.wait_text("Template saved").await
    }

    /// A workshop tomorrow, with its people.
    async fn add_workshop(&self) -> Result<()> {
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
        page.click("Add workshop").await?;
        page.wait_text("Workshop added").await?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("registrations.csv");
        std::fs::write(&file, PEOPLE)?;
        page.click(link("Import people").nth(0)).await?;
        page.upload("File", &[&file]).await?;
        page.click(button("Upload")).await?;
        page.wait_url("/columns").await?;
        page.click("Check the rows").await?;
        page.click(format!("Import {REGISTRANTS} people").as_str()).await?;
        page.wait_text("Open workshop").await
    }

    /// The SMS tab: length and cost follow what is chosen, before anything is asked of anybody.
    async fn compose(&mut self) -> Result<()> {
        self.open("/?channel=sms").await?;
        let page = &self.page;
        page.select("Template", BY_FORM).await?;
        page.wait_text("confirmed. -Example Academy").await?;
        page.wait_text(&format!("{REACHED} people")).await?;
        page.wait_text(&format!("{SEGMENTS} × ₹0.25")).await?;
        // Without the Hindi name nothing needs Unicode.
        page.select("Source of value 1", "Organisation · Name").await?;
        page.wait_text(&format!("{REACHED} × ₹0.25")).await?;
        page.wait_text_gone("Unicode for 1 person").await?;
        page.select("Template", FILLED).await?;
        page.wait_text(&format!("{SEGMENTS} × ₹0.25")).await?;
        for words in [
            "₹1.75 estimate",
            "Messages are charged as 1 to 2 SMS",
            "Unicode for 1 person",
            "1 number is outside India",
            "no errors",
        ] {
            page.wait_text(words).await?;
        }
        self.review("tab").await
    }

    async fn send(&mut self) -> Result<()> {
        let page = &self.page;
        page.click("Review and send").await?;
        page.wait_text(&format!("Send to {REACHED} people now?")).await?;
        let asked: String = page.eval("document.querySelector('dialog[open]').innerText").await?;
        for words in ["₹1.75", "estimate, 7 SMS", "1 left out, each with a reason", "3 warnings"] {
            ensure!(asked.contains(words), "the question does not say “{words}”: {asked}");
        }
        ensure!(self.sandbox.fast2sms().ledger().messages == 0, "something went out before the second step");
        self.review("confirm").await?;
        let page = &self.page;
        page.click(button(&format!("Send to {REACHED} people")).within("dialog[open]")).await?;
        page.wait_url("/broadcasts/").await?;
        self.review("broadcast").await
    }

    /// Follows the broadcast to its end on one and the same document.
    async fn watch(&mut self) -> Result<()> {
        self.page.eval::<bool>("window.sameDocument = true").await?;
        self.page.set_patience(Duration::from_secs(40));
        self.page.wait_text_gone("Take it back").await?;
        self.page.wait_text("Completed").await?;
        self.sandbox.flush_receipts().await;
        // What the stand-in makes of the numbers, and Omar. “Sent” is the provider's word for less than delivered.
        let figures = "Object.fromEntries([...document.querySelectorAll('.m-cell')].map(cell =>
            [cell.querySelector('.m-cell__label').innerText.trim(), cell.querySelector('.m-cell__n').innerText]))";
        self.page
            .wait_for(&format!(
                "(f => f.Delivered === '3' && f.Failed === '2' && f['Handed over'] === '1' && f.Skipped === '1')({figures})"
            ))
            .await?;
        ensure!(!self.page.text().await?.contains("Read"), "an SMS is never known to be read");
        let books = self.sandbox.fast2sms().ledger();
        ensure!(books.messages == 6 && books.segments == SEGMENTS, "{books:?}");
        ensure!(self.page.eval::<bool>("window.sameDocument === true").await?, "the page was loaded again");
        self.review("broadcast-finished").await
    }

    /// The broadcast, the export and the charges say what the stand-in's books say, to the paisa.
    async fn costs(&mut self) -> Result<()> {
        let books = self.sandbox.fast2sms().ledger();
        // ₹0.20 for each of seven segments, and the one of the blocked number given back.
        ensure!((books.charged, books.refunded) == (14_000, 2_000), "{books:?}");
        let page = &self.page;
        page.wait_text("₹1.20 actual, ₹1.75 estimate").await?;
        let cells: Vec<String> = page
            .eval("[...document.querySelectorAll('.m-people tbody tr')].map(row => row.lastElementChild.innerText.trim())")
            .await?;
        ensure!(cells == ["₹0.20", "₹0.20", "₹0.40", "₹0.20", "₹0.00", "₹0.20", "–"], "{cells:?}");
        let file = self.export().await?;
        let exported: i64 =
            file.lines().filter_map(|line| fast2sms::parse_rupees(line.rsplit('"').nth(1)?)).sum();
        ensure!(file.lines().count() == REGISTRANTS + 1 && exported == books.net(), "{file}");
        self.open("/settings/charges").await?;
        self.page.wait_text("₹0.55 less ₹1.20 ₹1.75").await?;
        self.review("charges").await
    }

    /// What the link “Export” downloads.
    async fn export(&self) -> Result<String> {
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
}

async fn from_key_to_cost(look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut walk = Walk::begin(&browser, look).await?;
    walk.connect().await?;
    walk.fill_templates().await?;
    walk.write_template().await?;
    walk.add_workshop().await?;
    walk.compose().await?;
    walk.send().await?;
    walk.watch().await?;
    walk.costs().await?;
    walk.page.assert_quiet().await?;
    assert!(walk.problems.is_empty(), "{} problems:\n{}", walk.problems.len(), walk.problems.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn from_the_key_of_an_account_to_the_cost_of_each_sms_on_a_laptop() -> Result<()> {
    from_key_to_cost((Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn from_the_key_of_an_account_to_the_cost_of_each_sms_on_a_phone_in_the_dark() -> Result<()> {
    from_key_to_cost((Width::Phone, Theme::Dark)).await
}
