//! The part of an account's page that links a phone: the risk, the code, the passkey's steps.

use domain::{
    group::{AccountState, Passkey},
    ids::IntegrationId,
};
use maud::{Markup, html};
use providers::gateway::{GatewayAbilities, LinkCodeKind, PasskeyStep, Session};
use qrcode::{Color, QrCode};
use store::linked::LinkedAccount;

use super::href;
use crate::{
    http::extract::Member,
    ui::{
        button::Button,
        field::{Checkbox, Field},
        format::{relative, span},
        head::Card,
        icons::Icon,
    },
};

/// The number of seconds after which the browser reads the page again while a phone is being linked.
pub(super) const REFRESH: &str = "5";
/// The number of light modules around a QR code. Phones need this margin to find the code.
const QUIET: usize = 4;

/// Whether linking is under way, so that the page has something to wait for.
pub(super) fn is_under_way(state: &AccountState) -> bool {
    matches!(
        state,
        AccountState::Linking | AccountState::Connecting | AccountState::PasskeyNeeded(Passkey::Compare)
    )
}

/// The buttons and forms for what may be done with the account now.
pub(super) fn actions(
    member: &Member,
    id: IntegrationId,
    state: Option<&AccountState>,
    known: Option<&LinkedAccount>,
    abilities: &GatewayAbilities,
) -> Markup {
    let risk = known.and_then(|known| known.risk.as_ref());
    let linked = state.is_some_and(|state| !state.needs_a_link());
    let under_way = state.is_some_and(is_under_way);
    let rests = known.and_then(|known| known.warned_until).is_some_and(|until| until > member.now);
    html! {
        @match risk {
            None => (risk_form(member, id)),
            Some((by, at)) => {
                p class="m-hint" { (by) " read the risk " (relative(at.0, member.now.0)) "." }
                @if !linked && !under_way { (link_forms(member, id, abilities)) }
            }
        }
        div class="m-ask__acts" {
            @if under_way { (one(member, id, "cancel", Button::new("Cancel linking"))) }
            @if linked {
                (one(member, id, "unlink", Button::danger("Unlink the phone")))
                (one(member, id, "warned", match rests {
                    true => Button::new("It need not rest").submit("warned", "no"),
                    false => Button::new("WhatsApp warned on the phone").icon(Icon::Warning).submit("warned", "yes"),
                }))
            }
        }
    }
}

/// A form with one button.
fn one(member: &Member, id: IntegrationId, what: &str, button: Button) -> Markup {
    html! { form method="post" action={ (href(id)) "/" (what) } { (member.csrf()) (button) } }
}

fn risk_form(member: &Member, id: IntegrationId) -> Markup {
    html! {
        form method="post" action={ (href(id)) "/risk" } class="m-stack" {
            (member.csrf())
            p class="m-p" { "WhatsApp does not allow programs to post as a linked device. It may restrict or ban the number, and nobody can lift that for you. Use a number that you can lose, link one that has been used for a while, and post little at first." }
            (Checkbox { required: true, ..Checkbox::new("read", "I have read this, and take the risk for our number", false) })
            (Button::primary("Go on"))
        }
    }
}

fn link_forms(member: &Member, id: IntegrationId, abilities: &GatewayAbilities) -> Markup {
    html! {
        form method="post" action={ (href(id)) "/link" } { (member.csrf()) (Button::primary("Link by QR code").icon(Icon::Plug).busy("Asking the gateway…")) }
        @if abilities.pairing_code {
            form method="post" action={ (href(id)) "/link" } class="m-stack" {
                (member.csrf())
                (Field::phone("phone", "Number of the phone").required().help("For a code that is typed on the phone instead of scanned."))
                (Button::new("Link by a code").busy("Asking the gateway…"))
            }
        }
    }
}

/// The code that waits to be scanned or typed, or the passkey's step. Nothing of it is stored.
pub(super) fn code(member: &Member, id: IntegrationId, session: &Session) -> Markup {
    let code = session.code.as_ref().map(|code| {
        let left = code.expires.since(member.now).max(0);
        let body = match &code.kind {
            LinkCodeKind::Qr(text) => html! {
                div class="m-linkcode" {
                    (qr(text.expose()))
                    ol class="m-linkcode__steps" {
                        li { span { "Open WhatsApp on the phone with the number to link." } }
                        li { span { "Open " b { "Settings" } ", then " b { "Linked devices" } "." } }
                        li { span { "Press " b { "Link a device" } ". Hold the phone to this code." } }
                    }
                }
            },
            LinkCodeKind::QrPicture(data) => html! { img class="m-qr" src=(data.expose()) alt="QR code that links the phone"; },
            LinkCodeKind::Pairing(code) => html! {
                p class="m-left__n" { (code.expose()) }
                p class="m-hint" { "On the phone: Settings, Linked devices, Link a device, Link with phone number. Type this code." }
            },
        };
        html! { (body) p class="m-hint" { "Good for " (span(left)) "; then the next one comes by itself." } }
    });
    let passkey = session.passkey.as_ref().map(|step| self::passkey(member, id, step));
    let body = code.or(passkey);
    html! { @if let Some(body) = body { (Card::new("code", "Link the phone", body).padded()) } }
}

fn passkey(member: &Member, id: IntegrationId, step: &PasskeyStep) -> Markup {
    html! {
        form method="post" action={ (href(id)) "/passkey" } class="m-stack" {
            (member.csrf())
            @match step {
                PasskeyStep::Challenge(options) => {
                    p class="m-p" { "Open web.whatsapp.com in a browser that has the passkey, open its console, run this, and paste the answer." }
                    pre class="m-hand__text" id="passkey-options" tabindex="0" { "navigator.credentials.get(" (options.expose()) ")" }
                    (Field::area("assertion", "Answer of the browser", ""))
                    (Button::primary("Hand it in"))
                }
                PasskeyStep::Compare(code) => {
                    p class="m-p" { "The phone shows a code. Go on only if it is the same as this one." }
                    p class="m-left__n" { (code.expose()) }
                    (Button::primary("The codes are the same"))
                }
            }
        }
    }
}

/// A QR code drawn as SVG, or an error where the text is too long for one.
fn qr(text: &str) -> Markup {
    let Ok(code) = QrCode::new(text.as_bytes()) else {
        return html! { p class="m-error" { "The gateway’s code cannot be drawn." } };
    };
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        }
    }
    let side = width + 2 * QUIET;
    html! {
        svg class="m-qr" viewBox={ "0 0 " (side) " " (side) } role="img" aria-label="QR code that links the phone" shape-rendering="crispEdges" {
            rect class="m-qr__ground" width=(side) height=(side) {}
            path class="m-qr__dark" d=(path) {}
        }
    }
}
