//! The frame of every page inside: sidebar, top bar, dock of a phone, toasts.

use maud::{DOCTYPE, Markup, Render, html};

use super::assets::{Asset, path};
use super::attention::{self, Length, Strip};

use super::bar::HatchPattern;
use super::button::Csrf;
use super::format::{grouped, initials, span};
use super::icons::{Icon, ProductMark};
use super::menu::{MenuItem, panel};
use super::toast::Toast;

/// The theme, kept in a cookie, so that a dark page never flashes white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the browser prefers: the style sheets decide, so that the first page is right as well.
    #[default]
    Auto,
    /// White cards on a light page.
    Light,
    /// Dark cards on a dark page.
    Dark,
}

impl Theme {
    /// The cookie that keeps it.
    pub const COOKIE: &str = "theme";

    /// The theme of a cookie's word; any other word leaves it to the browser.
    pub fn named(word: &str) -> Theme {
        match word {
            "dark" => Theme::Dark,
            "light" => Theme::Light,
            _ => Theme::Auto,
        }
    }

    /// Its word in the cookie and in `data-theme`.
    pub fn word(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// What the browser is told about its own parts.
    fn schemes(self) -> &'static str {
        match self {
            Theme::Auto => "light dark",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    fn other(self) -> Theme {
        match self {
            // Where the browser prefers dark, the script turns this around.
            Theme::Auto | Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Light,
        }
    }
}

/// The five sections of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The home page and the workshops.
    Workshops,
    /// The people and the imports.
    People,
    /// The broadcasts of all workshops.
    Broadcasts,
    /// The settings of the organisation.
    Settings,
    /// The pulse of the installation.
    Operator,
}

impl Section {
    /// In the order of the sidebar.
    pub const ALL: &[Section] =
        &[Section::Workshops, Section::People, Section::Broadcasts, Section::Settings, Section::Operator];

    /// Where it begins.
    pub fn href(self) -> &'static str {
        match self {
            Section::Workshops => "/",
            Section::People => "/people",
            Section::Broadcasts => "/broadcasts",
            Section::Settings => "/settings",
            Section::Operator => "/operator",
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Section::Workshops => "Workshops",
            Section::People => "People",
            Section::Broadcasts => "Broadcasts",
            Section::Settings => "Settings",
            Section::Operator => "Operator",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Section::Workshops => Icon::Workshop,
            Section::People => Icon::People,
            Section::Broadcasts => Icon::Announce,
            Section::Settings => Icon::Settings,
            Section::Operator => Icon::Operator,
        }
    }

    /// The key after `g` that leads there.
    fn key(self) -> &'static str {
        match self {
            Section::Workshops => "w",
            Section::People => "p",
            Section::Broadcasts => "b",
            Section::Settings => "s",
            Section::Operator => "o",
        }
    }
}

/// An organisation that the user may switch to.
#[derive(Clone, Debug)]
pub struct OrganisationChoice {
    /// What the form sends as `organisation`.
    pub id: String,
    /// The name of the organisation.
    pub name: String,
    /// Whether it is the one shown now.
    pub current: bool,
}

/// The parts that are the same on every page of one request.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The organisation's name.
    pub organisation: String,
    /// Its zone: "IST · Asia/Kolkata".
    pub zone: String,
    /// All organisations of the user; with fewer than two nothing can be switched.
    pub organisations: Vec<OrganisationChoice>,
    /// The user's name.
    pub user: String,
    /// The user's role in words: "Manager".
    pub role: String,
    /// Whether the user may look at the operator's page.
    pub operates: bool,
    /// The time since the scheduler's last heartbeat, in milliseconds; `None` where there never was one.
    pub heartbeat_ms: Option<i64>,
    /// The number of broadcasts that are running.
    pub running: i64,
    /// The present moment in the organisation's zone: "Tue 13 Oct, 4:18 PM IST".
    pub clock: String,
    /// The theme of the cookie.
    pub theme: Theme,
    /// The token of the session.
    pub csrf: Csrf,
    /// Whether single keys do something. A user can turn them off.
    pub keys: bool,
    /// The matters that need somebody now.
    pub attention: Strip,
    /// The notices that are shown once, after an action.
    pub toasts: Vec<Toast>,
}

/// A heartbeat older than this is a scheduler that does not run.
const HEARTBEAT_LATE_MS: i64 = 15_000;

/// One step of the way to a page.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// The words of the step.
    pub label: String,
    /// The address of that page; `None` for the page itself.
    pub href: Option<String>,
}

impl Crumb {
    /// A step that leads somewhere.
    pub fn to(label: impl Into<String>, href: impl Into<String>) -> Crumb {
        Crumb { label: label.into(), href: Some(href.into()) }
    }

    /// The page itself.
    pub fn here(label: impl Into<String>) -> Crumb {
        Crumb { label: label.into(), href: None }
    }
}

/// A whole page inside.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The parts that are the same on every page.
    pub frame: &'a Frame,
    /// The title for the tab of the browser. The page has an `h1` of its own.
    pub title: String,
    /// The section of the menu that it belongs to.
    pub section: Section,
    /// The steps of the way to the page.
    pub crumbs: Vec<Crumb>,
    /// The content of the page.
    pub body: Markup,
    /// The bar that stays at the bottom ([`super::composer::SendBar`]).
    pub foot: Option<Markup>,
    /// The address of its live stream, such as "/live/broadcasts/…"; `None` follows the frame alone.
    pub live: Option<String>,
    /// How much of the strip of matters stands over the page.
    pub attention: Length,
}

impl Render for Page<'_> {
    fn render(&self) -> Markup {
        document(
            &format!("{} · Munadi", self.title),
            self.frame.theme,
            "m-app",
            &html! {
                a class="m-skip" href="#main" { "Skip to content" }
                (HatchPattern)
                (self.side())
                div class="m-main" data-live=(self.live.as_deref().unwrap_or("/live")) {
                    (self.top())
                    main id="main" class="m-page" tabindex="-1" {
                        @if self.attention != Length::Inside { (self.frame.attention.shown(self.attention)) }
                        (self.body)
                    }
                    @if let Some(foot) = &self.foot { (foot) }
                }
                (self.dock())
                form id=(attention::FORM) method="post" hidden { (self.frame.csrf) }
                div class="m-toasts" role="region" aria-label="Notices" aria-live="polite" data-toasts {
                    @for toast in &self.frame.toasts { (toast) }
                }
            },
        )
    }
}

impl Page<'_> {
    fn side(&self) -> Markup {
        let frame = self.frame;
        html! {
            aside class="m-side" id="menu" data-theme="dark" aria-label="Main" data-keys=[frame.keys.then_some("")] {
                a class="m-side__close" href="#main" aria-label="Close menu" { (Icon::Close) }
                (self.organisation())
                a class="m-find" href="/people#q" data-find { (Icon::Search) span { "Find a person" } kbd class="m-kbd" { "/" } }
                nav class="m-nav" aria-label="Sections" {
                    @let here = self.attention == Length::Inside;
                    a class="m-nav__item" href=(attention::HREF) aria-current=[here.then_some("page")] data-go="a" title="Attention" {
                        (Icon::Attention) span { "Attention" } (attention::count(frame.attention.n()))
                    }
                    span class="m-nav__gap" {}
                    @for section in self.frame.sections() {
                        @if *section == Section::Settings { span class="m-nav__gap" {} }
                        (self.nav_item(*section))
                    }
                }
                div class="m-side__foot" {
                    (heartbeat(frame.heartbeat_ms))
                    (self.me())
                }
            }
        }
    }

    /// Marks the section that the page belongs to; the page of what needs somebody belongs to none.
    fn current(&self, section: Section) -> Option<&'static str> {
        (section == self.section && self.attention != Length::Inside).then_some("page")
    }

    fn nav_item(&self, section: Section) -> Markup {
        html! {
            a class="m-nav__item" href=(section.href()) aria-current=[self.current(section)] data-go=(section.key()) title=(section.word()) {
                (section.icon()) span { (section.word()) }
                @if section == Section::Broadcasts { (running(self.frame.running)) }
            }
        }
    }

    fn organisation(&self) -> Markup {
        let frame = self.frame;
        let name = html! {
            (ProductMark)
            span class="m-org__text" {
                span class="m-org__name" { (frame.organisation) }
                span class="m-org__zone" { (frame.zone) }
            }
        };
        if frame.organisations.len() < 2 {
            return html! { div class="m-org" { (name) } };
        }
        html! {
            details class="m-menu m-menu--wide" data-menu {
                summary class="m-org" { (name) (Icon::Switch) }
                div class="m-menu__panel m-menu__panel--below" {
                    p class="m-menu__title" { "Organisations" }
                    form method="post" action="/organisation" {
                        (frame.csrf)
                        ul { @for choice in &frame.organisations {
                            li { button class="m-menu__item" type="submit" name="organisation" value=(choice.id) aria-current=[choice.current.then_some("true")] {
                                span { (choice.name) } @if choice.current { (Icon::Check) }
                            } }
                        } }
                    }
                }
            }
        }
    }

    fn me(&self) -> Markup {
        let frame = self.frame;
        let items = [
            MenuItem::link("Your account", "/account").icon(Icon::Person),
            MenuItem::link("Keys", "/keys").icon(Icon::Key),
            MenuItem::post("Sign out", "/sign-out", &frame.csrf).icon(Icon::SignOut),
        ];
        html! {
            details class="m-menu m-menu--wide" data-menu {
                summary class="m-me" {
                    span class="m-me__face" aria-hidden="true" { (initials(&frame.user)) }
                    span class="m-me__text" { span class="m-me__name" { (frame.user) } span class="m-me__role" { (frame.role) } }
                    (Icon::Switch)
                }
                (panel(&items, "m-menu__panel--above"))
            }
        }
    }

    fn top(&self) -> Markup {
        let other = self.frame.theme.other();
        let theme_icon = if other == Theme::Dark { Icon::Dark } else { Icon::Light };
        html! {
            header class="m-top" {
                a class="m-top__menu" href="#menu" aria-label="Open menu" { (Icon::Menu) (attention::badge(self.frame.attention.n())) }
                nav class="m-crumbs" aria-label="Breadcrumb" {
                    ol { @for crumb in &self.crumbs { li { @match &crumb.href {
                        Some(href) => a href=(href) { (crumb.label) },
                        None => span aria-current="page" { (crumb.label) },
                    } } } }
                }
                (clock(&self.frame.clock))
                form class="m-top__theme" method="post" action="/theme" data-theme-form {
                    (self.frame.csrf)
                    button class="m-top__icon" type="submit" name="theme" value=(other.word()) aria-label={ "Change to " (other.word()) " theme" } title={ "Change to " (other.word()) " theme" } { (theme_icon) }
                }
            }
        }
    }

    fn dock(&self) -> Markup {
        html! {
            nav class="m-dock" aria-label="Sections, short" {
                @for section in self.frame.sections() {
                    a href=(section.href()) aria-current=[self.current(*section)] { (section.icon()) span { (section.word()) } }
                }
            }
        }
    }
}

/// How many broadcasts are running, beside their section. There while none is, so that the stream can show it.
pub fn running(n: i64) -> Markup {
    html! {
        span class="m-nav__n" data-live-id="running" hidden[n == 0] {
            (grouped(n)) span class="mui-visually-hidden" { " running" }
        }
    }
}

/// The organisation's clock.
pub fn clock(words: &str) -> Markup {
    html! { span class="m-top__clock" data-live-id="clock" { (words) } }
}

/// The scheduler's pulse; the live stream sends it too, as `data-live-id="beat"`.
pub fn heartbeat(age_ms: Option<i64>) -> Markup {
    let late = age_ms.is_none_or(|age| age > HEARTBEAT_LATE_MS);
    let words = if late { "Scheduler not running" } else { "Scheduler running" };
    html! {
        a.m-beat.is-late[late] href="/operator" data-live-id="beat" title=(words) {
            span class="m-beat__dot" aria-hidden="true" {}
            span class="m-beat__text" { (words) }
            @if let Some(age) = age_ms { span class="m-beat__age" { (span(age)) } }
        }
    }
}

/// An HTML document with our styles, font and script.
pub(super) fn document(title: &str, theme: Theme, body_class: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-IN" data-theme=(theme.word()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content=(theme.schemes());
                title { (title) }
                link rel="icon" type="image/svg+xml" href=(path(Asset::Icon));
                link rel="preload" as="font" type="font/woff2" href=(path(Asset::Font)) crossorigin;
                link rel="stylesheet" href=(path(Asset::Components));
                link rel="stylesheet" href=(path(Asset::Brand));
                script src=(path(Asset::Live)) defer {}
                script src=(path(Asset::Drafts)) defer {}
            }
            body class=(body_class) { (body) }
        }
    }
}

impl Frame {
    /// The sections that the user may open.
    fn sections(&self) -> impl Iterator<Item = &'static Section> {
        Section::ALL.iter().filter(|section| self.operates || **section != Section::Operator)
    }

    /// A frame for samples and tests.
    pub fn sample() -> Frame {
        let choice =
            |id: &str, name: &str, current| OrganisationChoice { id: id.into(), name: name.into(), current };
        Frame {
            organisation: "Udaan Academy".into(),
            zone: "IST · Asia/Kolkata".into(),
            organisations: vec![choice("1", "Udaan Academy", true), choice("2", "Nirmaan Skills", false)],
            user: "Meera Iyer".into(),
            role: "Manager".into(),
            operates: true,
            heartbeat_ms: Some(1_000),
            running: 2,
            clock: "Tue 13 Oct, 4:18 PM IST".into(),
            theme: Theme::Light,
            csrf: Csrf("sample".into()),
            keys: true,
            attention: Strip::default(),
            toasts: vec![],
        }
    }
}
