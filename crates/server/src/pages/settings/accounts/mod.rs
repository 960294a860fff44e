//! Settings, WhatsApp accounts: phones that a gateway holds as linked devices. The pages link a phone, show the state
//! of each account with what to do about it, and list its groups. The gateway is asked when somebody opens an
//! account; a code that links a phone is drawn and never stored.

mod linking;
mod words;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    group::{AccountState, Jid, PostLoad, PostPace, days_of_use, slot},
    ids::IntegrationId,
    phone::Phone,
    role::Permission,
    time::DAY,
};
use maud::{Markup, Render, html};
use providers::{
    Account,
    gateway::{Gateway, Link, LinkBy, Session},
    linked::pace_of,
    registry,
};
use serde::Deserialize;
use store::{
    groups::{Group, NamedGroup},
    integrations::Integration,
    linked::LinkedAccount,
};

use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other, see_other_failed, see_other_saying},
    },
    pages::{groups::last_six, settings_page},
    ui::{
        button::Button,
        chip::Tone,
        empty::Empty,
        format::{counted, grouped, phone as shown_phone, relative},
        head::{Card, Head, KeyValues},
        icons::Icon,
        note::Note,
    },
};
use words::Standing;

/// The address of the list of linked accounts.
pub(crate) const HREF: &str = "/settings/accounts";
/// The title of these pages.
const TITLE: &str = "WhatsApp accounts";

fn href(id: IntegrationId) -> String {
    format!("{HREF}/{id}")
}

/// An account whose vendor is a gateway.
struct Opened {
    integration: Integration,
    account: Box<dyn Account>,
}

impl Opened {
    /// The gateway. An [`Opened`] always has one.
    fn gateway(&self) -> Result<&dyn Gateway, Problem> {
        self.account.gateway().ok_or_else(Problem::not_found)
    }
}

/// Opens an account of the organisation; not found where its vendor is not a gateway.
async fn open(app: &App, member: &Member, id: IntegrationId) -> Result<Opened, Problem> {
    let integration = member.org.integration(id).await?;
    let account = app.accounts.open_integration(&integration).map_err(|_| Problem::not_found())?;
    let opened = Opened { integration, account };
    opened.gateway()?;
    Ok(opened)
}

/// `GET /settings/accounts`
pub async fn list(State(app): State<App>, member: Member) -> PageResult {
    let linked = member.org.linked_accounts().await?;
    let groups = member.org.groups().await?;
    let mut cards = Vec::new();
    for integration in member.org.integrations().await? {
        let Ok(account) = app.accounts.open_integration(&integration) else { continue };
        let Some(gateway) = account.gateway() else { continue };
        let listed = Listed {
            of: &integration,
            vendor: registry::vendor(&integration.kind).map_or("", |vendor| vendor.name()),
            known: linked.iter().find(|one| one.account == integration.id),
            groups: &groups,
            book: member.org.post_load(integration.id, None, (member.now, member.now)).await?,
            notice: gateway.abilities().notice,
        };
        cards.push(listed.card(&member));
    }
    let body = html! {
        (Head::new(TITLE).meta("Numbers that post to groups. A number keeps its groups, links and plan when it is linked again."))
        @if cards.is_empty() { (none(&member)) }
        @for card in &cards { (card) }
        (by_hand(&groups))
    };
    Ok(settings_page(&member, TITLE, HREF, body).render().into_response())
}

/// An account in the list, with what its card shows.
struct Listed<'a> {
    of: &'a Integration,
    vendor: &'static str,
    known: Option<&'a LinkedAccount>,
    groups: &'a [Group],
    book: PostLoad,
    notice: &'a str,
}

impl Listed<'_> {
    /// The account's card: its state when the gateway was last asked, and how many of its allowed posts it has used.
    fn card(&self, member: &Member) -> Card {
        let (known, now) = (self.known, member.now);
        let standing = Standing::of(known.map(|known| &known.state), &member.organization.zone, now);
        let number = known.map(|known| known.phone.as_str()).filter(|number| !number.is_empty());
        let number = number.map_or_else(|| "No number yet".to_owned(), shown_phone);
        Card::new(
            format!("account-{}", self.of.id),
            &self.of.name,
            html! {
                p class="m-hint" { (number) " · " (self.vendor) }
                p class="m-p" { (standing.what) " " (standing.next) }
                @if let Some(until) = known.and_then(|known| known.warned_until).filter(|until| *until > now) {
                    p class="m-hint" { "It rests until " (member.organization.zone.moment(until, now)) ", because WhatsApp warned on the phone." }
                }
                (self.facts(member))
                @if !self.notice.is_empty() { p class="m-hint" { (self.notice) } }
                div class="m-acts" { (Button::link("Open", href(self.of.id))) }
            },
        )
        .padded()
        .aside(standing.chip)
    }

    fn facts(&self, member: &Member) -> KeyValues {
        let own = self
            .groups
            .iter()
            .filter(|group| group.account == self.of.id && group.gone_at.is_none() && !group.is_community);
        let (n, admin) = own.fold((0, 0), |(n, admin), group| (n + 1, admin + i64::from(group.is_admin)));
        let pace = pace_of(&self.of.settings);
        let days = days_of_use(self.book.linked_at, member.now);
        let spent: i64 = self.book.spent.range(slot(member.now.plus(-DAY))..).map(|(_, n)| n).sum();
        let ceiling = match days < PostPace::WARM_UP.len() {
            true => format!("warm-up, day {} of {}", days + 1, PostPace::WARM_UP.len()),
            false => "our caution".to_owned(),
        };
        let groups = format!("{}, admin of {}", grouped(n), grouped(admin));
        let posts = format!("{} of {}", grouped(spent), grouped(pace.per_day(days)));
        let gap = format!("{} to {} s, random", pace.gap_from_s, pace.gap_until_s);
        let hour = format!("at most {} an hour", grouped(pace.per_hour));
        let asked =
            self.known.map_or_else(|| "Never".to_owned(), |known| relative(known.seen_at.0, member.now.0));
        let row = |name: &str, value: String, more| (name.to_owned(), html! { (value) }, more);
        KeyValues {
            rows: vec![
                row("Groups", groups, None),
                row("Posts in 24 hours", posts, Some(ceiling)),
                row("Gap", gap, Some(hour)),
                row("Asked", asked, None),
            ],
            inset: false,
        }
    }
}

fn none(member: &Member) -> Empty {
    let may = member.may(Permission::Integrations);
    let connect = Button::primary_link("Connect a gateway", "/settings/integrations").icon(Icon::Plug);
    Empty {
        icon: Icon::Group,
        title: "Post to groups by an account of your own".to_owned(),
        text: "A gateway on your own server holds a WhatsApp account as a linked device and posts for you. WhatsApp does not allow it, and may block the number. Posting by hand needs none.".to_owned(),
        actions: if may { vec![connect] } else { vec![] },
        ways: vec![],
    }
}

fn by_hand(groups: &[Group]) -> Markup {
    let own = groups.iter().filter(|group| group.by_hand && group.gone_at.is_none());
    html! {
        section class="m-card m-byhand" aria-label="By hand" {
            (Icon::Person)
            div {
                p class="m-card__title" { "By hand" }
                p class="m-sub" { "A person posts from their own phone when a post is due. No account, no risk, no receipts." }
            }
            span class="m-sub m-nowrap" { (counted(i64::try_from(own.count()).unwrap_or(i64::MAX), "group", "groups")) }
        }
    }
}

/// `GET /settings/accounts/{integration}`: asks the gateway for the account's state and shows it.
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let opened = open(&app, &member, id).await?;
    let asked = opened.gateway()?.session(&app.out, member.now).await;
    let session = match asked {
        Ok(session) => {
            member.org.saw_account(id, &session.state, session.phone.as_ref(), member.now).await?;
            Ok(session)
        }
        Err(silence) => Err(silence.words()),
    };
    let known = member.org.linked_account(id).await?;
    let groups = member.org.groups().await?;
    let body = page(&member, &opened, &session, known.as_ref(), &groups)?;
    let mut response = settings_page(&member, TITLE, HREF, body).render().into_response();
    if matches!(&session, Ok(session) if linking::is_under_way(&session.state)) {
        // Codes change every twenty seconds, and the phone may answer at any time. The address has no fragment: a
        // browser that stands at one would only scroll to it and not read the page again.
        let again = format!("{}; url={}", linking::REFRESH, href(id));
        if let Ok(header) = axum::http::HeaderValue::from_str(&again) {
            response.headers_mut().insert(axum::http::header::REFRESH, header);
        }
    }
    Ok(response)
}

fn page(
    member: &Member,
    opened: &Opened,
    session: &Result<Session, String>,
    known: Option<&LinkedAccount>,
    groups: &[Group],
) -> Result<Markup, Problem> {
    let of = &opened.integration;
    let abilities = opened.gateway()?.abilities();
    let state = session.as_ref().ok().map(|session| &session.state);
    let standing =
        Standing::of(state.or(known.map(|known| &known.state)), &member.organization.zone, member.now);
    let own: Vec<&Group> =
        groups.iter().filter(|group| group.account == of.id && group.gone_at.is_none()).collect();
    let may = member.may(Permission::Integrations);
    Ok(html! {
        @if let Err(words) = session { (Note::new(Tone::Fail, "The gateway does not answer.", words.clone())) }
        (Card::new("standing", &of.name, html! {
            p class="m-p" { (standing.what) " " (standing.next) }
            @if !abilities.notice.is_empty() { p class="m-hint" { (abilities.notice) } }
            @if may { (linking::actions(member, of.id, state, known, abilities)) }
        }).padded().aside(standing.chip))
        @if let Ok(session) = session { (linking::code(member, of.id, session)) }
        (Card::new("groups", "Groups", html! {
            @if own.is_empty() { p class="m-none" { "No group was read yet." } }
            @else { ul class="m-hand__list" { @for group in &own { (row(group)) } } }
            @if member.may(Permission::Manage) {
                form method="post" action={ (href(of.id)) "/sync" } class="m-card__foot" { (member.csrf()) (Button::new("Sync Groups").icon(Icon::Retry).busy("Reading…")) }
            }
        }).aside(html! { span class="m-sub" { (own.len()) } }))
    })
}

fn row(group: &Group) -> Markup {
    let members =
        group.members.map_or_else(|| "members not known".to_owned(), |n| counted(n, "member", "members"));
    let what = match (group.is_community, group.takes_posts()) {
        (true, _) => "Community: a heading, not a place to post",
        (false, true) => "",
        (false, false) => "Only admins may write, and this account is not one",
    };
    html! {
        li class="m-hand__row" {
            div { p class="m-hand__name" { (group.subject) @if let Some(digits) = last_six(group) { " " span class="m-jid" { (digits) } } } p class="m-sub" { (members) @if !what.is_empty() { " · " (what) } } }
        }
    }
}

/// `POST /settings/accounts/{integration}/risk`: an admin confirms having read what may happen to the number.
pub async fn risk(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    open(&app, &member, id).await?;
    member.org.accept_risk(id, member.now).await?;
    Ok(see_other(&href(id)))
}

/// The form that links a phone.
#[derive(Debug, Default, Deserialize)]
pub struct LinkForm {
    #[serde(default)]
    phone: String,
}

/// `POST /settings/accounts/{integration}/link`: asks for a QR code, or for a code to type on the phone with this
/// number.
pub async fn link(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<LinkForm>,
) -> PageResult {
    let opened = open(&app, &member, id).await?;
    let known = member.org.linked_account(id).await?;
    if known.is_none_or(|known| known.risk.is_none()) {
        return Ok(see_other_failed(
            &app,
            &href(id),
            "Read first what may happen to the number, and say so.",
        ));
    }
    let phone = match form.phone.trim() {
        "" => None,
        typed => match Phone::parse(typed, member.organization.country) {
            Ok(phone) => Some(phone),
            Err(error) => return Ok(see_other_failed(&app, &href(id), &format!("{error}."))),
        },
    };
    let callback = app.config.url(&format!("/callbacks/{}", opened.integration.callback_key));
    let by = phone.as_ref().map_or(LinkBy::Qr, LinkBy::PairingCode);
    let link = Link { by, callback: &callback, now: member.now };
    let asked = opened.gateway()?.link(&app.out, &link).await;
    Ok(match asked {
        Ok(session) => {
            member.org.saw_account(id, &session.state, session.phone.as_ref(), member.now).await?;
            see_other(&format!("{}#code", href(id)))
        }
        Err(silence) => see_other_failed(&app, &href(id), &silence.words()),
    })
}

/// `POST /settings/accounts/{integration}/cancel`
pub async fn cancel(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let opened = open(&app, &member, id).await?;
    let done = opened.gateway()?.cancel_link(&app.out).await.map_err(|silence| silence.words());
    ended(&app, &member, id, done, "Linking was cancelled.").await
}

/// `POST /settings/accounts/{integration}/unlink`
pub async fn unlink(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let opened = open(&app, &member, id).await?;
    let done = opened.gateway()?.unlink(&app.out).await.map_err(|silence| silence.words());
    ended(&app, &member, id, done, "The phone is unlinked.").await
}

async fn ended(
    app: &App,
    member: &Member,
    id: IntegrationId,
    done: Result<(), String>,
    words: &str,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => {
            member.org.saw_account(id, &AccountState::Unlinked, None, member.now).await?;
            Ok(see_other_saying(app, &href(id), words))
        }
        Err(words) => Ok(see_other_failed(app, &href(id), &words)),
    }
}

/// The form of the passkey's steps: the browser's answer, or nothing where the codes are the same.
#[derive(Debug, Default, Deserialize)]
pub struct PasskeyForm {
    #[serde(default)]
    assertion: String,
}

/// `POST /settings/accounts/{integration}/passkey`
pub async fn passkey(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<PasskeyForm>,
) -> PageResult {
    let opened = open(&app, &member, id).await?;
    let gateway = opened.gateway()?;
    let asked = match form.assertion.trim() {
        "" => gateway.confirm_passkey(&app.out, member.now).await,
        assertion => gateway.answer_passkey(&app.out, assertion, member.now).await,
    };
    Ok(match asked {
        Ok(session) => {
            member.org.saw_account(id, &session.state, session.phone.as_ref(), member.now).await?;
            see_other(&format!("{}#code", href(id)))
        }
        Err(silence) => see_other_failed(&app, &href(id), &silence.words()),
    })
}

/// `POST /settings/accounts/{integration}/sync`: reads the whole list of the account's groups, or changes nothing.
pub async fn sync(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    Ok(match read_groups(&app, &member, id).await? {
        Ok(words) => see_other_saying(&app, &format!("{}#groups", href(id)), &words),
        Err(words) => see_other_failed(&app, &href(id), &words),
    })
}

/// Reads the whole list of an account's groups and takes it over, or changes nothing. Both results are words for the
/// screen.
pub(in crate::pages) async fn read_groups(
    app: &App,
    member: &Member,
    id: IntegrationId,
) -> Result<Result<String, String>, Problem> {
    let opened = open(app, member, id).await?;
    let groups = match opened.gateway()?.groups(&app.out).await {
        Ok(groups) => groups,
        Err(silence) => return Ok(Err(format!("{} Nothing was changed.", silence.words()))),
    };
    let synced = member.org.sync_groups(id, &groups, member.now).await?;
    let gone = match synced.gone {
        0 => String::new(),
        n => format!(" {} vanished.", counted(n, "group", "groups")),
    };
    Ok(Ok(format!("{} read.{gone}", counted(synced.groups, "group", "groups"))))
}

/// Reads a group's invite link from its gateway, which tells it to admins only, and keeps it. Both results are words
/// for the screen.
pub(in crate::pages) async fn read_invite(
    app: &App,
    member: &Member,
    group: &Group,
) -> Result<Result<String, String>, Problem> {
    let opened = open(app, member, group.account).await?;
    let Ok(jid) = group.jid.parse::<Jid>() else {
        return Ok(Err("A group that was named by hand has the link that somebody enters.".to_owned()));
    };
    let link = match opened.gateway()?.invite(&app.out, &jid).await {
        Ok(link) => link,
        Err(silence) => return Ok(Err(silence.words())),
    };
    let named = NamedGroup {
        subject: group.subject.clone(),
        invite_link: link.as_str().to_owned(),
        members: group.members,
    };
    member.org.change_group(group.id, &named, member.now).await?;
    Ok(Ok(format!("The invite link of “{}” is read.", group.subject)))
}

/// The form of the button about a warning on the phone.
#[derive(Debug, Default, Deserialize)]
pub struct WarnedForm {
    #[serde(default)]
    warned: String,
}

/// `POST /settings/accounts/{integration}/warned`: WhatsApp warned on the phone, so the account rests; or its rest
/// ends early.
pub async fn warned(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<WarnedForm>,
) -> PageResult {
    open(&app, &member, id).await?;
    let warned = form.warned == "yes";
    member.org.warned_on_phone(id, warned, member.now).await?;
    let words = if warned { "The account rests for seven days." } else { "The account posts again." };
    Ok(see_other_saying(&app, &href(id), words))
}
