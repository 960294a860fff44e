//! The page behind the link of a message: whoever got it stops such messages, or takes that back. No account, no script, no cookie.
//!
//! Opening it changes nothing: mail and chat programs look at links before people do. A POST without a choice stops, as RFC 8058 wants it.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts, State},
    http::{HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::channel::Category;
use maud::{Markup, Render, html};
use store::{
    StoreError,
    work::{LinkHolder, LinkState},
};

use super::foot;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Path},
        gate,
        notice::see_other,
    },
    opt_out_links::Meant,
    ui::{
        button::{Button, Size, Weight},
        icons::Icon,
        public_page::PublicPage,
        shell::Theme,
    },
};

/// The visitor, as far as a page without a session needs them.
pub struct PublicVisitor {
    address: String,
    theme: Theme,
}

impl PublicVisitor {
    /// The address that the call comes from.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Light or dark.
    pub(super) fn theme(&self) -> Theme {
        self.theme
    }
}

impl FromRequestParts<App> for PublicVisitor {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<PublicVisitor, Problem> {
        let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(PublicVisitor {
            address: gate::address(app, &parts.headers, direct),
            theme: gate::theme(&parts.headers),
        })
    }
}

/// Behind a link.
enum Behind {
    Message(LinkHolder),
    /// The link of a test message or a preview.
    Sample,
    /// No link of ours, or one whose message is gone.
    Nobody,
}

/// What the form on the opt-out page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Stop promotion only.
    StopPromotions,
    /// Stop everything on this channel.
    StopAll,
    Undo,
}

impl Wish {
    fn word(self) -> &'static str {
        match self {
            Wish::StopPromotions => "promotions",
            Wish::StopAll => "all",
            Wish::Undo => "undo",
        }
    }

    fn read(word: &str) -> Option<Wish> {
        [Wish::StopPromotions, Wish::StopAll, Wish::Undo].into_iter().find(|wish| wish.word() == word)
    }

    /// What stops messages like this one.
    fn usual(category: Category) -> Wish {
        match category {
            Category::Marketing => Wish::StopPromotions,
            Category::Utility | Category::Authentication => Wish::StopAll,
        }
    }

    fn category(self) -> Option<Category> {
        (self == Wish::StopPromotions).then_some(Category::Marketing)
    }
}

/// Every link that leads nowhere gets the same answer, whatever the reason.
async fn behind(app: &App, caller: &PublicVisitor, token: &str) -> Result<Behind, Problem> {
    let now = app.clock.now();
    let Some(meant) = app.opt_out.links.read(token) else {
        app.opt_out.bad.count(&caller.address, now).map_err(Problem::too_many)?;
        return Ok(Behind::Nobody);
    };
    app.opt_out.good.count(token, now).map_err(Problem::too_many)?;
    match meant {
        Meant::Sample(_) => Ok(Behind::Sample),
        Meant::Message(message) => match app.store.opt_outs().addressee(message).await {
            Ok(to) => Ok(Behind::Message(to)),
            Err(StoreError::Missing) => Ok(Behind::Nobody),
            Err(error) => Err(error.into()),
        },
    }
}

/// `GET /o/{token}`: what the person may do. Changes nothing.
pub async fn show(State(app): State<App>, caller: PublicVisitor, Path(token): Path<String>) -> PageResult {
    let behind = behind(&app, &caller, &token).await?;
    page(&app, &caller, &behind).await
}

/// `POST /o/{token}`: stops, or takes it back. The token is the proof; said twice it is kept once.
pub async fn act(
    State(app): State<App>,
    caller: PublicVisitor,
    Path(token): Path<String>,
    form: Result<Form<Vec<(String, String)>>, Problem>,
) -> PageResult {
    let behind = behind(&app, &caller, &token).await?;
    // Whatever a mail program posts means stop; only our own form says more.
    let asked = form.ok().and_then(|form| {
        let (_, word) = form.0.into_iter().find(|(name, _)| name == "do")?;
        Wish::read(&word)
    });
    if let Behind::Message(to) = &behind {
        let (work, now) = (app.store.opt_outs(), app.clock.now());
        let key = app.phone_key.of(&to.phone);
        match asked.unwrap_or(Wish::usual(to.category)) {
            Wish::Undo => work.undo_by_link(to, &key, now).await?,
            stop @ (Wish::StopPromotions | Wish::StopAll) => {
                work.stop_by_link(to, &key, stop.category(), now).await?;
            }
        }
    }
    match asked.filter(|_| !matches!(behind, Behind::Nobody)) {
        // A program gets its answer at once: RFC 8058 §3.1 forbids to redirect it.
        None => page(&app, &caller, &behind).await,
        Some(_) => Ok(no_robots(see_other(&format!("/o/{token}")))),
    }
}

async fn page(app: &App, caller: &PublicVisitor, behind: &Behind) -> PageResult {
    let leaflet = match behind {
        Behind::Nobody => {
            return Ok(no_robots((StatusCode::NOT_FOUND, nobody(caller.theme).render()).into_response()));
        }
        Behind::Sample => sample(caller.theme),
        Behind::Message(to) => {
            let state = app.store.opt_outs().link_state(to, &app.phone_key.of(&to.phone)).await?;
            message(caller.theme, to, state)
        }
    };
    Ok(no_robots(leaflet.render().into_response()))
}

fn no_robots(mut response: Response) -> Response {
    let name = HeaderName::from_static("x-robots-tag");
    response.headers_mut().insert(name, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// What a page says in both languages, and its buttons.
struct Words {
    title: (String, &'static str),
    text: (String, String),
    buttons: Vec<(Wish, String)>,
}

fn words(to: &LinkHolder, state: LinkState) -> Words {
    let name = &to.organization_name;
    let (on, par) = to.channel.rules().by;
    let promotion = Wish::usual(to.category) == Wish::StopPromotions;
    let stop = (Wish::usual(to.category), "Stop these messages · संदेश बंद करें".to_owned());
    let everything = (Wish::StopAll, format!("Stop everything {on} · सब बंद करें"));
    let only = (Wish::StopPromotions, "Stop promotions only · सिर्फ़ प्रचार बंद करें".to_owned());
    let undo = state.by_link.then(|| (Wish::Undo, "Undo · वापस लें".to_owned()));
    let mut words = if state.everything_stopped {
        Words {
            title: ("Messages are stopped".to_owned(), "संदेश बंद हैं"),
            text: (
                format!(
                    "{name} sends you nothing more {on}. A message that is on its way right now may still arrive."
                ),
                format!("{name} अब आपको {par} कोई संदेश नहीं भेजेगा। जो संदेश अभी रास्ते में है, वह आ सकता है।"),
            ),
            buttons: vec![],
        }
    } else if state.promotions_stopped {
        Words {
            title: ("Promotions are stopped".to_owned(), "प्रचार संदेश बंद हैं"),
            text: (
                format!(
                    "{name} sends you no more promotions {on}. Messages about workshops that you registered for still come."
                ),
                format!(
                    "{name} अब आपको {par} प्रचार संदेश नहीं भेजेगा। जिन वर्कशॉप में आपने रजिस्टर किया है, उनके संदेश आते रहेंगे।"
                ),
            ),
            buttons: vec![everything],
        }
    } else if promotion {
        Words {
            title: (format!("Stop promotions {on}?"), "प्रचार संदेश बंद करें?"),
            text: (
                format!(
                    "{name} will send you no more promotions {on}. Messages about workshops that you registered for still come."
                ),
                format!(
                    "{name} आपको {par} प्रचार संदेश नहीं भेजेगा। जिन वर्कशॉप में आपने रजिस्टर किया है, उनके संदेश आते रहेंगे।"
                ),
            ),
            buttons: vec![stop, everything],
        }
    } else {
        Words {
            title: (format!("Stop messages {on}?"), "संदेश बंद करें?"),
            text: (
                format!(
                    "{name} will send you nothing more {on}, not even the link of a workshop that you registered for."
                ),
                format!("{name} आपको {par} कोई संदेश नहीं भेजेगा, आपकी वर्कशॉप का लिंक भी नहीं।"),
            ),
            buttons: vec![stop, only],
        }
    };
    words.buttons.extend(undo);
    words
}

fn message(theme: Theme, to: &LinkHolder, state: LinkState) -> PublicPage {
    let Words { title, text, buttons } = words(to, state);
    let stopped = state.promotions_stopped || state.everything_stopped;
    PublicPage {
        title: title.0,
        title_hi: title.1.to_owned(),
        from: to.organization_name.clone(),
        theme,
        done: stopped,
        body: html! {
            p class="m-p" { (text.0) }
            p class="m-p" lang="hi" { (text.1) }
            @if !buttons.is_empty() { (form(buttons, stopped)) }
            @if stopped && !state.by_link {
                p class="m-hint" { "To get messages again, write to " (to.organization_name) "." }
            }
        },
        foot: foot(),
    }
}

/// One form, one button per choice. Once something is stopped, none of them stands out.
fn form(buttons: Vec<(Wish, String)>, stopped: bool) -> Markup {
    html! {
        form class="m-leaflet__acts" method="post" {
            @for (at, (wish, label)) in buttons.into_iter().enumerate() {
                (Button {
                    wide: true,
                    size: Size::Large,
                    weight: if at == 0 && !stopped { Weight::Primary } else { Weight::Outline },
                    icon: (wish == Wish::Undo).then_some(Icon::Back),
                    ..Button::new(label)
                }.submit("do", wish.word()))
            }
        }
    }
}

fn sample(theme: Theme) -> PublicPage {
    PublicPage {
        title: "This is the link of a test".to_owned(),
        title_hi: "यह जाँच का लिंक है".to_owned(),
        from: "Munadi".to_owned(),
        theme,
        done: false,
        body: html! {
            p class="m-p" { "It came from a preview or a test message and stops nothing. In a real message, people stop such messages here." }
            p class="m-p" lang="hi" { "यह किसी जाँच संदेश से आया है और कुछ बंद नहीं करता।" }
        },
        foot: foot(),
    }
}

/// Its reader has no account: a link to the home page would only ask them to sign in.
fn nobody(theme: Theme) -> PublicPage {
    PublicPage {
        title: "This link does not work".to_owned(),
        title_hi: "यह लिंक काम नहीं करता".to_owned(),
        from: "Munadi".to_owned(),
        theme,
        done: false,
        body: html! {
            p class="m-p" { "A part of it may be missing. Open it again from the message, as a whole. Nothing was changed." }
            p class="m-p" lang="hi" { "हो सकता है कि लिंक अधूरा हो। इसे संदेश से फिर से पूरा खोलें। कुछ भी बदला नहीं गया है।" }
            p class="m-hint" { "To stop messages without it, write to whoever sent them." }
        },
        foot: foot(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::OrganizationId;
    use uuid::Uuid;

    use super::*;

    fn to(category: Category) -> LinkHolder {
        LinkHolder {
            organization: OrganizationId(Uuid::nil()),
            organization_name: "Udaan Academy".into(),
            channel: domain::channel::Channel::WhatsappPersonal,
            category,
            phone: "+919000000001".into(),
        }
    }

    fn offered(category: Category, state: LinkState) -> Vec<Wish> {
        words(&to(category), state).buttons.into_iter().map(|(wish, _)| wish).collect()
    }

    #[test]
    fn each_state_offers_what_can_still_be_done() {
        use Wish::{StopAll, StopPromotions, Undo};
        let open = LinkState::default();
        let promotions = LinkState { promotions_stopped: true, by_link: true, ..open };
        let everything = LinkState { everything_stopped: true, ..promotions };
        assert_eq!(offered(Category::Marketing, open), [StopPromotions, StopAll]);
        assert_eq!(offered(Category::Utility, open), [StopAll, StopPromotions]);
        assert_eq!(offered(Category::Marketing, promotions), [StopAll, Undo]);
        assert_eq!(offered(Category::Utility, everything), [Undo]);
        assert_eq!(offered(Category::Utility, LinkState { by_link: false, ..everything }), []);
    }
}
