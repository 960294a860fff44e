//! One page: what a person does with it and reads on it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::devtools::Devtools;
use super::target::{SELECTABLE, TYPEABLE, Target};
use super::watch::{Watch, exception};

/// How long an action or a wait looks for what it needs. Reached only by a test that fails, so generous: two tests
/// and the server may share two cores.
const PATIENCE: Duration = Duration::from_secs(15);

const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Two frames: whatever moves, moves in it.
const FRAMES: Duration = Duration::from_millis(34);

/// How wide the window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// A laptop, 1440×900.
    Desk,
    /// A phone, 390×844, two device pixels for each of its own.
    Phone,
}

/// What the operating system asks pages to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// A page of a [`super::Browser`], with cookies of its own.
pub(crate) struct Page {
    devtools: Devtools,
    session: String,
    watch: Arc<Watch>,
    axe: String,
    script: AtomicBool,
    patience: Duration,
}

/// Other places to scroll to: a little up, and to the top.
const SCROLLS: [&str; 2] = [
    "(scrollBy({ top: -120, behavior: 'instant' }), null)",
    "(scrollTo({ top: 0, behavior: 'instant' }), null)",
];

impl Page {
    pub(super) async fn open(
        devtools: Devtools,
        session: String,
        axe: String,
        width: Width,
        theme: Theme,
    ) -> Result<Page> {
        let tree = devtools.call(Some(&session), "Page.getFrameTree", json!({})).await?;
        let main_frame = tree["frameTree"]["frame"]["id"].as_str().context("the page has no frame")?;
        let watch = Arc::new(Watch::new(main_frame));
        let listener = (devtools.clone(), session.clone(), Arc::clone(&watch));
        devtools.listen(&session, move |method, event| {
            let (devtools, session, watch) = &listener;
            watch.note(method, event);
            if method == "Page.javascriptDialogOpening" {
                // Until it is answered, the page does nothing else.
                devtools.call_and_forget(session, "Page.handleJavaScriptDialog", json!({ "accept": true }));
            }
        });
        let page = Page { devtools, session, watch, axe, script: AtomicBool::new(true), patience: PATIENCE };
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        // Each page is as if in front, also when a test has two.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        page.resize(width).await?;
        page.theme(theme).await?;
        Ok(page)
    }

    // ---- where it is and how it looks

    /// Opens an address and waits until it has loaded.
    #[track_caller]
    pub(crate) fn goto(&self, url: &str) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), format!("open {url}"), async move {
            self.watch.loading().send_replace(true);
            let answer = self.call("Page.navigate", json!({ "url": url })).await?;
            if let Some(problem) = answer["errorText"].as_str() {
                bail!("{problem}");
            }
            if answer["loaderId"].is_null() {
                // Only the part after # changed: nothing loads.
                self.watch.loading().send_replace(false);
            }
            self.loaded().await
        })
    }

    /// The address in the address bar.
    pub(crate) async fn url(&self) -> Result<String> {
        self.eval("location.href").await
    }

    /// Another window width, as when a phone is turned or a window dragged.
    pub(crate) async fn resize(&self, width: Width) -> Result<()> {
        let (width, height, scale, mobile) = match width {
            Width::Desk => (1440, 900, 1, false),
            Width::Phone => (390, 844, 2, true),
        };
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile })).await?;
        Ok(())
    }

    /// A window of so many CSS pixels: a narrow one is also what a page zoomed to 200 or 400 % has.
    pub(crate) async fn resize_to(&self, width: u32) -> Result<()> {
        let metrics = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": false })).await?;
        Ok(())
    }

    /// Another wish of the operating system for light or dark. Movement is always asked to be reduced.
    pub(crate) async fn theme(&self, theme: Theme) -> Result<()> {
        let scheme = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        Ok(())
    }

    /// Sets a cookie for the site of `url`.
    pub(crate) async fn set_cookie(&self, url: &str, name: &str, value: &str) -> Result<()> {
        let cookie = json!({ "url": url, "name": name, "value": value });
        let answer = self.call("Network.setCookie", cookie).await?;
        ensure!(answer["success"] == true, "Chromium refuses the cookie {name}");
        Ok(())
    }

    /// Turns script off or on for the next document: pages must work without.
    pub(crate) async fn set_script(&self, on: bool) -> Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await?;
        self.script.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// How long actions and waits look for what they need; shorter for a test of something that must not come.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    // ---- what a person does

    /// Clicks a button, link, tab, checkbox, option … of this name. If that leads to another document, waits
    /// until it has loaded.
    #[track_caller]
    pub(crate) fn click(&self, target: impl Into<Target>) -> impl Future<Output = Result<()>> {
        let target = target.into().clickable();
        self.at(Location::caller(), format!("click {target}"), async move {
            let spot = self.reachable(&target).await?;
            let (x, y) = (&spot["x"], &spot["y"]);
            for (kind, button, buttons) in
                [("mouseMoved", "none", 0), ("mousePressed", "left", 1), ("mouseReleased", "left", 0)]
            {
                let event = json!({
                    "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
                });
                self.call("Input.dispatchMouseEvent", event).await?;
            }
            self.settled().await
        })
    }

    /// Types into the field with this label, in place of what it held.
    #[track_caller]
    pub(crate) fn fill(&self, label: impl Into<Target>, value: &str) -> impl Future<Output = Result<()>> {
        let target = label.into().or_roles(TYPEABLE);
        self.at(Location::caller(), format!("fill {target}"), async move {
            let field = self.find(&target).await?;
            let kind: String = self.on(&field, FOCUS_AND_SELECT, json!([])).await?;
            match kind.as_str() {
                "typed" if value.is_empty() => self.key("Delete").await?,
                "typed" => {
                    self.call("Input.insertText", json!({ "text": value })).await?;
                }
                "picked" => {
                    // The change may lead to another page at once: what it holds is asked in the same breath.
                    let holds: String = self.on(&field, SET_VALUE, json!([value])).await?;
                    ensure!(holds == value, "it holds “{holds}” and not “{value}”");
                    return Ok(());
                }
                other => bail!("{other}"),
            }
            let holds: String =
                self.on(&field, "function () { return this.value ?? this.innerText }", json!([])).await?;
            ensure!(holds == value, "it holds “{holds}” and not “{value}”");
            Ok(())
        })
    }

    /// Selects the option with this text in the drop-down or list with this label.
    #[track_caller]
    pub(crate) fn select(&self, label: impl Into<Target>, option: &str) -> impl Future<Output = Result<()>> {
        let target = label.into().or_roles(SELECTABLE);
        self.at(Location::caller(), format!("select “{option}” in {target}"), async move {
            let list = self.find(&target).await?;
            let problem: Option<String> = self.on(&list, SELECT, json!([option])).await?;
            match problem {
                Some(problem) => bail!("{problem}"),
                None => self.settled().await,
            }
        })
    }

    /// Hands files to the file field with this label. The field may be hidden behind a nicer one.
    #[track_caller]
    pub(crate) fn upload(&self, label: &str, files: &[&Path]) -> impl Future<Output = Result<()>> {
        let files: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
        self.at(Location::caller(), format!("upload to “{label}”"), async move {
            let find = format!("({FILE_FIELD})({})", json!(label));
            let field = self.until("there is no file field of that label", || self.handle(&find)).await?;
            self.call("DOM.setFileInputFiles", json!({ "files": files, "objectId": field })).await?;
            self.settled().await
        })
    }

    /// Presses a key: `Tab`, `Shift+Tab`, `Enter`, `Escape`, `Space`, `ArrowDown`, `Delete`, `Control+b` …
    #[track_caller]
    pub(crate) fn press(&self, key: &str) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), format!("press {key}"), async move {
            self.key(key).await?;
            self.settled().await
        })
    }

    /// The name of what has the keyboard, empty if nothing has.
    pub(crate) async fn focused(&self) -> Result<String> {
        let Some(element) = self.handle("document.activeElement").await? else { return Ok(String::new()) };
        let tree = self
            .call("Accessibility.getPartialAXTree", json!({ "objectId": element, "fetchRelatives": false }));
        let tree = tree.await?;
        // Some versions of Chromium leave the white space in that stands between a label and its field.
        Ok(squeezed(tree["nodes"][0]["name"]["value"].as_str().unwrap_or_default()))
    }

    // ---- what a person reads

    /// What the page shows, hidden parts left out.
    pub(crate) async fn text(&self) -> Result<String> {
        self.eval("document.body?.innerText ?? ''").await
    }

    /// Waits until the page shows this text; runs of white space count as one space.
    #[track_caller]
    pub(crate) fn wait_text(&self, text: &str) -> impl Future<Output = Result<()>> {
        let wanted = squeezed(text);
        self.at(Location::caller(), format!("wait for the text “{text}”"), async move {
            let seen = || async { Ok(squeezed(&self.text().await?).contains(&wanted).then_some(())) };
            self.until("it does not appear", seen).await
        })
    }

    /// Waits until the page no longer shows this text.
    #[track_caller]
    pub(crate) fn wait_text_gone(&self, text: &str) -> impl Future<Output = Result<()>> {
        let unwanted = squeezed(text);
        self.at(Location::caller(), format!("wait for the text “{text}” to go"), async move {
            let gone = || async { Ok((!squeezed(&self.text().await?).contains(&unwanted)).then_some(())) };
            self.until("it stays", gone).await
        })
    }

    /// Waits until the address contains this part.
    #[track_caller]
    pub(crate) fn wait_url(&self, part: &str) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), format!("wait for “{part}” in the address"), async move {
            let there = || async { Ok(self.url().await?.contains(part).then_some(())) };
            self.until("it does not come", there).await
        })
    }

    /// Waits until a script says true, for what no other method asks: `wait_for("!document.querySelector('dialog')")`.
    #[track_caller]
    pub(crate) fn wait_for(&self, script: &str) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), format!("wait for {script}"), async move {
            let holds = || async { Ok(self.eval::<bool>(&format!("!!({script})")).await?.then_some(())) };
            self.until("it stays false", holds).await
        })
    }

    /// The value of a script; a promise is awaited.
    pub(crate) async fn eval<T: serde::de::DeserializeOwned>(&self, script: &str) -> Result<T> {
        let value = self.evaluate(script, true).await?["value"].take();
        serde_json::from_value(value).with_context(|| format!("{script} is of another type"))
    }

    /// Writes what the window shows to a PNG file, once fonts and images are there.
    pub(crate) async fn screenshot(&self, file: &Path) -> Result<()> {
        self.capture(file, json!({ "format": "png" })).await
    }

    /// The same for the whole length of the page.
    pub(crate) async fn screenshot_whole(&self, file: &Path) -> Result<()> {
        let size = self.call("Page.getLayoutMetrics", json!({})).await?["cssContentSize"].take();
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        self.capture(file, json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })).await
    }

    // ---- what a person does not see

    /// Fails if axe finds a breach of WCAG 2.2, A or AA (2.0 and 2.1 included).
    #[track_caller]
    pub(crate) fn assert_accessible(&self) -> impl Future<Output = Result<()>> {
        self.without_barriers(Location::caller(), EVERY_RULE)
    }

    /// The same by the rules that another theme can break: those about colours.
    #[track_caller]
    pub(crate) fn assert_legible(&self) -> impl Future<Output = Result<()>> {
        self.without_barriers(Location::caller(), RULES_OF_COLOUR)
    }

    fn without_barriers(
        &self,
        location: &'static Location<'static>,
        rules: &'static str,
    ) -> impl Future<Output = Result<()>> {
        self.at(location, "look for barriers with axe".to_owned(), async move {
            ensure!(self.script.load(Ordering::Relaxed), "axe needs script, which this page has off");
            self.drawn().await?;
            if self.eval::<String>("typeof window.axe").await? == "undefined" {
                self.evaluate(&self.axe, true).await.context("axe does not load")?;
            }
            let run = RUN_AXE.replace("RULES", rules);
            let mut found: Vec<Value> = self.eval(&run).await?;
            // A bar that stays in place covers half of whatever is scrolled under it; a barrier is there wherever one scrolls to.
            for scroll in SCROLLS {
                if found.is_empty() {
                    break;
                }
                self.eval::<Value>(scroll).await?;
                found = self.eval(&run).await?;
            }
            let shown: Vec<String> = found.iter().map(violation).collect();
            ensure!(shown.is_empty(), "axe finds {} barriers:\n{}", shown.len(), shown.join("\n"));
            Ok(())
        })
    }

    /// Fails if, since the page was opened, there was an error or warning in the console, an exception, a breach of the
    /// content security policy, a dialog of the browser, a request that failed, or an answer of 400 or above.
    #[track_caller]
    pub(crate) fn assert_quiet(&self) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), "look behind the page".to_owned(), async move {
            self.settled().await?;
            let problems = self.watch.problems();
            ensure!(problems.is_empty(), "{} problems:\n  {}", problems.len(), problems.join("\n  "));
            Ok(())
        })
    }

    /// Waits for a problem that the test provoked, such as `answer 422`, and lets [`Page::assert_quiet`]
    /// forget those like it.
    #[track_caller]
    pub(crate) fn expect_problem(&self, part: &str) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), format!("expect the problem “{part}”"), async move {
            self.until("it did not happen", || async { Ok((self.watch.forget(part) > 0).then_some(())) })
                .await
        })
    }

    /// Fails if the page is wider than its window: on a phone nobody finds what is to the right.
    #[track_caller]
    pub(crate) fn assert_fits(&self) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), "look for sideways scrolling".to_owned(), async move {
            let too_wide: Vec<String> = self.eval(TOO_WIDE).await?;
            ensure!(too_wide.is_empty(), "wider than the window: {}", too_wide.join(", "));
            Ok(())
        })
    }

    /// Fails if a text is printed over another: where a window is narrow, or zoomed into, labels meet.
    #[track_caller]
    pub(crate) fn assert_apart(&self) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), "look for texts over one another".to_owned(), async move {
            let met: Vec<String> = self.eval(APART).await?;
            ensure!(met.is_empty(), "printed over one another: {}", met.join(", "));
            Ok(())
        })
    }

    /// Fails if two elements have the same id: a label or a link would lead to the wrong one.
    #[track_caller]
    pub(crate) fn assert_ids_differ(&self) -> impl Future<Output = Result<()>> {
        self.at(Location::caller(), "look for ids that two elements share".to_owned(), async move {
            let shared: Vec<String> = self.eval(SHARED_IDS).await?;
            ensure!(shared.is_empty(), "two elements have the id: {}", shared.join(", "));
            Ok(())
        })
    }

    // ---- how

    async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.devtools.call(Some(&self.session), method, params).await
    }

    /// Adds to an error where the test stood, what the page showed and where a picture of it is.
    async fn at<T>(
        &self,
        at: &Location<'_>,
        what: String,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match work.await {
            Ok(done) => Ok(done),
            Err(error) => {
                let url = self.url().await.unwrap_or_default();
                let picture = match self.failure_picture(at).await {
                    Ok(file) => file.display().to_string(),
                    Err(why) => format!("none ({why:#})"),
                };
                let text = self.text().await.unwrap_or_default();
                Err(error
                    .context(format!("{at}: {what}\n  on {url}\n  picture: {picture}\n  text: {text:?}\n ")))
            }
        }
    }

    async fn failure_picture(&self, at: &Location<'_>) -> Result<PathBuf> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-failures");
        std::fs::create_dir_all(&folder)?;
        let name = Path::new(at.file()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = folder.join(format!("{name}-{}.png", at.line()));
        self.screenshot(&file).await?;
        Ok(file)
    }

    async fn evaluate(&self, script: &str, by_value: bool) -> Result<Value> {
        let params = json!({
            "expression": script, "awaitPromise": true, "returnByValue": by_value, "userGesture": true,
        });
        result_of(self.call("Runtime.evaluate", params).await?)
    }

    /// Chromium's handle for the element that a script finds.
    async fn handle(&self, script: &str) -> Result<Option<String>> {
        Ok(self.evaluate(script, false).await?["objectId"].as_str().map(str::to_owned))
    }

    /// Calls a function with `this` set to the element of a handle.
    async fn on<T: serde::de::DeserializeOwned>(
        &self,
        handle: &str,
        function: &str,
        arguments: Value,
    ) -> Result<T> {
        let arguments: Vec<Value> =
            arguments.as_array().into_iter().flatten().map(|value| json!({ "value": value })).collect();
        let params = json!({
            "objectId": handle, "functionDeclaration": function, "arguments": arguments,
            "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let mut result = result_of(self.call("Runtime.callFunctionOn", params).await?)?;
        Ok(serde_json::from_value(result["value"].take())?)
    }

    /// Asks again and again until there is an answer. A question that fails, because its element or its document
    /// has just gone, is asked again too.
    async fn until<T, F: Future<Output = Result<Option<T>>>>(
        &self,
        otherwise: &str,
        question: impl Fn() -> F,
    ) -> Result<T> {
        let deadline = Instant::now() + self.patience;
        loop {
            let problem = match question().await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => anyhow::anyhow!("{otherwise}"),
                Err(error) => error,
            };
            if Instant::now() >= deadline {
                return Err(problem);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The handle of the one thing that a target means.
    async fn find(&self, target: &Target) -> Result<String> {
        self.until("", || async { self.find_now(target).await.map(Some) }).await
    }

    async fn find_now(&self, target: &Target) -> Result<String> {
        let root = match &target.within {
            Some(css) => format!("document.querySelector({})", json!(css)),
            None => "document".to_owned(),
        };
        let root = self.handle(&root).await?.with_context(|| format!("there is nothing at {}", root))?;
        let query = json!({ "objectId": root, "accessibleName": target.name });
        let tree = self.call("Accessibility.queryAXTree", query).await?;
        let found: Vec<Node> = nodes(&tree).filter(|node| target.has_role(&node.role)).collect();
        let one = match (found.len(), target.nth) {
            (0, _) => {
                let all = self.call("Accessibility.queryAXTree", json!({ "objectId": root })).await?;
                let others: Vec<String> = nodes(&all)
                    .filter(|node| target.has_role(&node.role))
                    .map(|node| node.to_string())
                    .collect();
                bail!("there is none; there are: {}", others.join(", "));
            }
            (count, Some(nth)) => found.get(nth).with_context(|| format!("there are only {count}"))?,
            (1, None) => &found[0],
            (count, None) => bail!("there are {count}; narrow it with within() or nth()"),
        };
        let node = self.call("DOM.resolveNode", json!({ "backendNodeId": one.id })).await?;
        Ok(node["object"]["objectId"].as_str().context("it has just gone")?.to_owned())
    }

    /// Waits until a target can be clicked; where, in pixels of the window.
    async fn reachable(&self, target: &Target) -> Result<Value> {
        self.until("", || async {
            let element = self.find_now(target).await?;
            let before: Value = self.on(&element, SPOT, json!([])).await?;
            if let Some(problem) = before["problem"].as_str() {
                bail!("{problem}");
            }
            tokio::time::sleep(FRAMES).await;
            let spot: Value = self.on(&element, SPOT, json!([])).await?;
            ensure!(spot == before, "it does not stand still");
            Ok(Some(spot))
        })
        .await
    }

    async fn key(&self, key: &str) -> Result<()> {
        let (held, name) = match key.split_once('+') {
            Some(("Shift", rest)) => (8, rest),
            Some(("Control", rest)) => (2, rest),
            _ => (0, key),
        };
        let (key, code, text) = match name {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            "Space" => (" ", 32, " "),
            "PageUp" => ("PageUp", 33, ""),
            "PageDown" => ("PageDown", 34, ""),
            "End" => ("End", 35, ""),
            "Home" => ("Home", 36, ""),
            "ArrowLeft" => ("ArrowLeft", 37, ""),
            "ArrowUp" => ("ArrowUp", 38, ""),
            "ArrowRight" => ("ArrowRight", 39, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            "Backspace" => ("Backspace", 8, ""),
            "Delete" => ("Delete", 46, ""),
            "b" => ("b", 66, ""),
            other => bail!("the harness knows no key {other}"),
        };
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": name, "windowsVirtualKeyCode": code, "modifiers": held,
            });
            if kind == "keyDown" {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Lets the page do what an action set off; if that is another document, waits until it has loaded.
    async fn settled(&self) -> Result<()> {
        // Two turns of the page's own loop: a form is sent in the first. A page that is already leaving cannot
        // answer, which is an answer too.
        if self.script.load(Ordering::Relaxed) {
            let _ = self.evaluate("new Promise(done => setTimeout(() => setTimeout(done)))", true).await;
        } else {
            // Without script nothing in the page can tell that its turn has passed.
            tokio::time::sleep(FRAMES * 3).await;
        }
        self.loaded().await
    }

    async fn loaded(&self) -> Result<()> {
        let mut loading = self.watch.loading().subscribe();
        let done = tokio::time::timeout(PATIENCE, loading.wait_for(|loading| !loading)).await;
        done.context("the page does not finish loading")?.context("the page is gone")?;
        Ok(())
    }

    /// Waits until fonts and images are there and have been drawn.
    async fn drawn(&self) -> Result<()> {
        if self.script.load(Ordering::Relaxed) {
            let _: Value = self.eval(DRAWN).await?;
        }
        Ok(())
    }

    async fn capture(&self, file: &Path, params: Value) -> Result<()> {
        self.drawn().await?;
        let shot = self.call("Page.captureScreenshot", params).await?;
        let png = STANDARD.decode(shot["data"].as_str().context("Chromium sent no picture")?)?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, png).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// What the accessibility tree says of one element.
struct Node {
    role: String,
    name: String,
    id: Value,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} “{}”", self.role, self.name)
    }
}

/// The nodes that a screen reader would reach.
fn nodes(tree: &Value) -> impl Iterator<Item = Node> {
    let reachable = tree["nodes"].as_array().into_iter().flatten().filter(|node| node["ignored"] != true);
    reachable.map(|node| Node {
        role: node["role"]["value"].as_str().unwrap_or_default().to_owned(),
        name: node["name"]["value"].as_str().unwrap_or_default().to_owned(),
        id: node["backendDOMNodeId"].clone(),
    })
}

fn result_of(mut answer: Value) -> Result<Value> {
    match answer.get("exceptionDetails") {
        Some(details) => bail!("the script fails: {}", exception(details)),
        None => Ok(answer["result"].take()),
    }
}

fn violation(found: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes = found["nodes"].as_array().into_iter().flatten();
    let places: Vec<String> = nodes
        .map(|node| {
            format!("    {}\n      {}", text(&node["html"]), text(&node["why"]).replace('\n', "\n      "))
        })
        .collect();
    format!("  {}: {}\n{}", text(&found["id"]), text(&found["help"]), places.join("\n"))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Gives a field the keyboard and marks what it holds; says how it takes a value, or why it does not.
const FOCUS_AND_SELECT: &str = "function () {
    if (this.disabled) return 'it is disabled';
    if (this.readOnly) return 'it is read-only';
    this.scrollIntoView({ block: 'center', behavior: 'instant' });
    this.focus();
    if (this.isContentEditable) { getSelection().selectAllChildren(this); return 'typed' }
    const picked = ['date', 'datetime-local', 'time', 'month', 'week', 'color', 'range'];
    if (picked.includes(this.type)) return 'picked';
    this.select();
    return 'typed';
}";

/// Sets a field that takes its value from a picker, as the picker does.
const SET_VALUE: &str = "function (value) {
    this.value = value;
    const holds = this.value;
    this.dispatchEvent(new Event('input', { bubbles: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
    return holds;
}";

const SELECT: &str = "function (text) {
    if (this.disabled) return 'it is disabled';
    const options = [...(this.options ?? [])];
    const squeezed = option => option.text.trim().replace(/\\s+/g, ' ');
    const option = options.find(option => squeezed(option) === text);
    if (!option) return 'there is no such option; there are: ' + options.map(squeezed).join(', ');
    if (option.disabled) return 'that option is disabled';
    this.focus();
    option.selected = true;
    this.dispatchEvent(new Event('input', { bubbles: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
    return null;
}";

const FILE_FIELD: &str = "label => [...document.querySelectorAll('input[type=file]')].find(field =>
    [field.getAttribute('aria-label'), ...[...field.labels].map(label => label.innerText)]
        .some(name => name?.trim().replace(/\\s+/g, ' ') === label))";

/// Where to click: the middle of the element, or of the label that stands for a control too small to hit.
const SPOT: &str = "function () {
    const element = this.nodeType === Node.TEXT_NODE ? this.parentElement : this;
    if (element.disabled || element.getAttribute('aria-disabled') === 'true') return { problem: 'it is disabled' };
    const own = element.getBoundingClientRect();
    const tiny = own.width < 4 || own.height < 4 || getComputedStyle(element).opacity === '0';
    const shown = tiny && element.labels?.length ? element.labels[0] : element;
    shown.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const { x: left, y: top, width, height } = shown.getBoundingClientRect();
    if (width === 0 || height === 0) return { problem: 'it has no size' };
    const x = left + width / 2, y = top + height / 2;
    const hit = document.elementFromPoint(x, y);
    const itself = shown.contains(hit) || element.contains(hit) || hit?.closest('label')?.control === element;
    if (!itself) return { problem: 'it is covered by ' + (hit ? hit.cloneNode().outerHTML : 'nothing in the window') };
    return { x, y };
}";

const DRAWN: &str = "(async () => {
    await document.fonts.ready;
    const images = [...document.images].filter(image => image.loading !== 'lazy' && !image.complete);
    await Promise.all(images.map(image => new Promise(done => { image.onload = image.onerror = done })));
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return null;
})()";

const EVERY_RULE: &str = "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }";
const RULES_OF_COLOUR: &str = "{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }";

const RUN_AXE: &str = "axe.run(document, {
    runOnly: RULES,
    resultTypes: ['violations'],
}).then(({ violations }) => violations.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.slice(0, 5).map(({ html, failureSummary }) => ({ html, why: failureSummary })),
})))";

/// Pairs of texts whose letters lie over one another.
const APART: &str = include_str!("apart.js");

/// The ids that more than one element has.
const SHARED_IDS: &str = "[...new Set([...document.querySelectorAll('[id]')].map((one) => one.id).filter((id, at, all) => all.indexOf(id) !== at))]";

/// The outermost elements that reach beyond the window, if the page scrolls sideways at all.
const TOO_WIDE: &str = "(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const beyond = element => element.getBoundingClientRect().right > width + 0.5;
    const found = [...document.body.querySelectorAll('*')].filter(element =>
        beyond(element) && (element.parentElement === document.body || !beyond(element.parentElement)));
    return found.length ? found.slice(0, 5).map(element => element.cloneNode().outerHTML) : ['the page'];
})()";
