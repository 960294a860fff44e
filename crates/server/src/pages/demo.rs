//! The strip of a demonstration: what can be made to go wrong at the stand-ins, each with the broadcast that shows it.

use axum::{extract::State, response::Response};
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    role::Permission,
    time::{HOUR, MINUTE},
};
use maud::{Markup, html};
use sandbox::Sandbox;
use store::workshops::WorkshopDraft;

use super::broadcast::href;
use crate::{
    app::App,
    http::{
        error::Problem,
        extract::{Member, Path},
        notice::{see_other_failed, see_other_saying},
        top_up::{demo_wallet as wallet, stand_ins},
    },
    rehearsal::rehearse,
    ui::{button::Button, format::grouped},
};

/// Messages that the emptied wallet still pays for.
const PAID: i64 = 8;
/// Messages that a wallet pays for after a top-up.
const TOP_UP: i64 = 20_000;
/// A wallet that pays for fewer is as good as empty.
const FEW: i64 = 50;
/// Calls that are left without an answer.
const HANGING: u64 = 3;
/// Looks for the plan of a broadcast before its workshop is moved.
const LOOKS: usize = 40;
/// Between two of them.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// What can be wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Wallet,
    TopUp,
    Moved,
    Hang,
}

impl Wish {
    fn word(self) -> &'static str {
        match self {
            Wish::Wallet => "wallet",
            Wish::TopUp => "top-up",
            Wish::Moved => "moved",
            Wish::Hang => "hang",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Wish::Wallet => "A wallet runs empty",
            Wish::TopUp => "Top up the wallet",
            Wish::Moved => "A workshop is moved",
            Wish::Hang => "A provider hangs",
        }
    }

    fn named(word: &str) -> Option<Wish> {
        [Wish::Wallet, Wish::TopUp, Wish::Moved, Wish::Hang].into_iter().find(|wish| wish.word() == word)
    }
}

/// Whether that wallet pays for hardly anything.
fn is_empty(sandbox: &Sandbox) -> bool {
    wallet().and_then(|(_, face)| face.pays_for(sandbox)).is_some_and(|messages| messages < FEW)
}

/// The strip, in a demonstration.
pub(super) fn strip(app: &App, member: &Member) -> Option<Markup> {
    let sandbox = stand_ins(app)?;
    if !member.may(Permission::Manage) {
        return None;
    }
    let first = if is_empty(&sandbox) { Wish::TopUp } else { Wish::Wallet };
    Some(html! {
        section class="m-demo" aria-label="Demonstration" {
            p class="m-demo__text" { b { "This is a demo." } " Invented people, no real message leaves. Make something go wrong:" }
            div class="m-demo__acts" {
                @for wish in [first, Wish::Moved, Wish::Hang] {
                    form method="post" action={ "/demo/" (wish.word()) } {
                        (member.csrf())
                        (Button::new(wish.title()).small().busy("One moment…"))
                    }
                }
            }
        }
    })
}

/// `POST /demo/{wish}`: does it, and leads to where it can be watched. Elsewhere than in a demonstration there is no such page.
pub async fn act(
    State(app): State<App>,
    member: Member,
    Path(wish): Path<String>,
) -> Result<Response, Problem> {
    let (Some(sandbox), Some(wish)) = (stand_ins(&app), Wish::named(&wish)) else {
        return Err(Problem::not_found());
    };
    match wish {
        Wish::TopUp => {
            let (vendor, face) = wallet().ok_or_else(Problem::not_found)?;
            face.set_pays_for(&sandbox, TOP_UP);
            let words = format!(
                "The wallet at {} pays for {} messages again. Press Resume where a broadcast stands still.",
                vendor.name(),
                grouped(TOP_UP)
            );
            Ok(see_other_saying(&app, "/attention", &words))
        }
        Wish::Wallet => empty_wallet(&app, &member, &sandbox).await,
        Wish::Moved => move_workshop(&app, &member).await,
        Wish::Hang => hang(&app, &member, &sandbox).await,
    }
}

async fn empty_wallet(app: &App, member: &Member, sandbox: &Sandbox) -> Result<Response, Problem> {
    let (vendor, face) = wallet().ok_or_else(Problem::not_found)?;
    face.set_pays_for(sandbox, PAID);
    let Some((id, title)) = rehearse(app, &member.org, Channel::Sms, 0).await? else {
        return Ok(nobody(app));
    };
    let words = format!(
        "The wallet at {} pays for {PAID} more SMS. “{title}” stops in a moment, and every page says so. Then press Top up, and Resume.",
        vendor.name()
    );
    Ok(see_other_saying(app, &href(id), &words))
}

async fn move_workshop(app: &App, member: &Member) -> Result<Response, Problem> {
    let Some((id, title)) = rehearse(app, &member.org, Channel::WhatsappPersonal, 10 * MINUTE).await? else {
        return Ok(nobody(app));
    };
    for _ in 0..LOOKS {
        if member.org.broadcast(id).await?.status != BroadcastStatus::Planning {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let broadcast = member.org.broadcast(id).await?;
    let workshop = member.org.workshop(broadcast.workshop).await?;
    let draft = WorkshopDraft {
        title: workshop.title.clone(),
        starts_at: workshop.starts_at.plus(HOUR),
        ends_at: workshop.ends_at.plus(HOUR),
        join_link: workshop.join_link.clone(),
        tag: workshop.tag.as_ref().map(|tag| tag.id),
    };
    member.org.edit_workshop(workshop.id, &draft, member.now).await?;
    app.engine.wake(id);
    let words = format!(
        "“{}” starts one hour later now. “{title}” would have told the old time and stands still: press Cancel and write again.",
        workshop.title
    );
    Ok(see_other_saying(app, &href(id), &words))
}

async fn hang(app: &App, member: &Member, sandbox: &Sandbox) -> Result<Response, Problem> {
    sandbox.faults().change(|faults| {
        faults.reset_before = sandbox::Amount::next(HANGING);
    });
    let Some((id, title)) = rehearse(app, &member.org, Channel::WhatsappPersonal, 0).await? else {
        return Ok(nobody(app));
    };
    let words = format!(
        "The next {HANGING} calls of any broadcast, such as “{title}”, break off without an answer. Nobody knows then whether these messages went out: they are never sent again by themselves. Press Settle."
    );
    Ok(see_other_saying(app, &href(id), &words))
}

fn nobody(app: &App) -> Response {
    see_other_failed(
        app,
        "/",
        "No workshop with people lies ahead. Start the demonstration with a new folder.",
    )
}
