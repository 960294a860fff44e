//! The last step: the import itself, what it did, and its undoing.

use axum::extract::State;
use domain::{ids::ImportId, role::Permission};
use futures::FutureExt;
use intake::{Summary, importer::Progress};
use maud::{Markup, html};
use store::{
    StoreError,
    imports::{Import, ImportState},
};

use super::{
    again, head, href, importer_of,
    left_out::left_out_card,
    n, page,
    rows::{RowsQuery, corrections, to_fix},
    run, state_chip, stored_mapping,
    upload::remove,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other, see_other_saying},
    },
    pages::{
        correct,
        workshops::{href as workshop_href, ok},
    },
    ui::{
        bar::{Bar, Key},
        button::{Button, Csrf},
        chip::Tone,
        dialog::Confirm,
        format::{counted, grouped},
        head::{Fact, Strip},
        icons::Icon,
        note::Note,
    },
};

/// `POST /imports/{import}/commit`: registers the good rows, and takes over what was chosen. Also goes on with what a restart interrupted.
pub async fn commit(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Form(form): Form<Vec<(String, String)>>,
) -> PageResult {
    let mut import = member.org.import(id).await?;
    let may = matches!(import.state, ImportState::Checked | ImportState::Committing);
    if !may || stored_mapping(&import).is_none() {
        return Err(StoreError::Stale.into());
    }
    if Summary::of(&import).open_statuses().next().is_some() {
        let words = "Nobody was registered. Say first what the statuses mean.";
        return Ok(see_other_saying(&app, &format!("{}#statuses", href(id)), words));
    }
    if import.state == ImportState::Checked {
        again::choose(&member, &mut import, &form).await?;
    }
    let importer = importer_of(&app, &member, &import);
    let jobs = app.jobs.clone();
    run(&app, id, async move {
        importer.commit(&import, |at| jobs.progress(id, at)).await?;
        // Everybody in it is registered, and what could not be taken is kept by rows: nobody needs the file again.
        remove(&importer.file).await;
        Ok(())
    })
    .await;
    Ok(see_other(&href(id)))
}

pub(super) fn interrupted_page(member: &Member, import: &Import, failed: Option<&str>) -> Markup {
    let words = failed.unwrap_or("The program was stopped in the middle. Go on: nobody is added twice.");
    let body = html! {
        (head("Import interrupted", import, 4))
        (Note::new(Tone::Act, "Not all rows are in yet.", words))
        form method="post" action={ (href(import.id)) "/commit" } { (member.csrf()) (Button::primary("Go on").busy("Importing…")) }
    };
    page(member, import, body, None)
}

pub(super) async fn done_page(
    member: &Member,
    import: &Import,
    query: &RowsQuery,
    failed: Option<&str>,
) -> Result<Markup, Problem> {
    let summary = Summary::of(import);
    let undone = matches!(import.state, ImportState::Undoing | ImportState::Undone);
    let title = if undone { "Undone" } else { "Imported" };
    let may_undo = !undone && summary.new + summary.again.done() > 0 && member.may(Permission::Manage);
    let mut head = head(title, import, 5).chip(state_chip(import.state));
    if may_undo {
        let to = format!("{}/undo", href(import.id));
        head = head.action(Button::link("Undo import", to).icon(Icon::Back).opens("undo-import"));
    }
    let left = n(summary.bad) - n(summary.fixed);
    let counts = member.org.import_row_counts(import.id).await?;
    let grid = match undone {
        true => None,
        false => corrections(member, import, query, &counts, to_fix(&summary, &counts)).await?,
    };
    let left_out = left_out_card(member, import, &summary).await?;
    let body = html! {
        (head)
        @if let Some(words) = failed { (Note::new(Tone::Fail, "", words)) }
        @if undone {
            (Note::new(Tone::Rest, "This import was taken back.", "Registrations that a message was planned for stayed; see the workshop."))
        }
        @if undone {
            (Strip(vec![Fact::figure("Had registered", grouped(summary.new), "").note("from this file, before it was taken back")]))
        } @else {
            (Strip(vec![
                Fact::figure("Registered", grouped(summary.new), "").note(registered_note(&summary)),
                Fact::figure("New to you", grouped(summary.lead_new), "").note("numbers not known before"),
                Fact::figure("Already registered", grouped(summary.already), "").note(already_note(&summary)),
                Fact::figure("Corrected here", grouped(summary.fixed), "").note("and registered"),
                Fact::figure("Left out", grouped(left.max(0) + n(summary.left_out + summary.hidden_rows + summary.other_table)), "").note(left_out_note(left, &summary)),
            ]))
            @if summary.again.met().next().is_some() { (again::told(&summary)) }
            @if summary.opting_out > 0 {
                p class="m-p" { (counted(summary.opting_out, "person wants", "people want")) " no messages; " (grouped(summary.opted_out)) " new on the list of who must not be contacted." }
            }
            @if summary.agreements + summary.agreements_too_soon > 0 {
                p class="m-p" {
                    (counted(summary.agreements, "agreement", "agreements")) " to promotions recorded."
                    @if summary.agreements_too_soon > 0 {
                        " " (grouped(summary.agreements_too_soon)) " not recorded: these people opted out within the last 90 days."
                    }
                }
            }
            (Bar::thin(vec![(Key::Done, n(summary.new)), (Key::Unknown, n(summary.already)), (Key::Failed, left.max(0))]))
        }
        div class="m-acts" {
            @if left > 0 {
                (Button { download: true, ..Button::link("Download the rows that could not be read", format!("{}/rows.csv", href(import.id))) }.icon(Icon::Download))
            }
            (Button::primary_link("Open workshop", workshop_href(import.workshop)).icon(Icon::Workshop))
        }
        @if !query.registered().is_empty() && member.may(Permission::Send) {
            (Note::new(Tone::Done, format!("{} registered.", counted(query.registered().len() as u64, "person", "people")), "What others were told already, they were not.")
                .action(Button::link("Tell them now", correct::tell_href(import.workshop, &query.registered())).small()))
        }
        @if let Some(grid) = &grid {
            p class="m-p" { "Rows that could not be read stay here: whoever is corrected is registered at once." }
            (grid)
        }
        (left_out)
        @if may_undo { (undo_confirm(import, &summary, member.csrf())) }
    };
    Ok(page(member, import, body, None))
}

/// Under the number of registrations: those that get nothing.
fn registered_note(summary: &Summary) -> String {
    match summary.without_place {
        0 => "from this file".to_owned(),
        some => format!("from this file; {} of them cancelled or refunded, told nothing", grouped(some)),
    }
}

/// Under the number of those who were registered before: whether the file changed something for them.
fn already_note(summary: &Summary) -> String {
    let changed: u64 = summary.again.met().map(|(_, group)| group.done).sum();
    match changed {
        0 => "nothing changed for them".to_owned(),
        some => {
            format!("{} changed as the file says, see below", counted(some, "registration", "registrations"))
        }
    }
}

/// Why rows were left out.
fn left_out_note(unreadable: i64, summary: &Summary) -> String {
    let parts = [
        (unreadable.max(0), "could not be read"),
        (n(summary.left_out), "by their status"),
        (n(summary.hidden_rows), "hidden in the sheet"),
        (n(summary.other_table), "of another table"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", grouped(*n))).collect();
    if said.is_empty() { "could not be read".to_owned() } else { said.join(", ") }
}

fn undo_confirm(import: &Import, summary: &Summary, csrf: &Csrf) -> Confirm {
    let people = counted(summary.new, "registration", "registrations");
    Confirm {
        id: "undo-import".into(),
        title: format!("Take back up to {people}?"),
        body: html! {
            p class="m-p" { "They leave “" (import.workshop_title) "”. Whoever a message was planned for stays: where all have one, nobody is taken back." }
        },
        action: format!("{}/undo", href(import.id)),
        csrf: csrf.clone(),
        hidden: vec![],
        confirm: Button::danger(format!("Take back up to {people}")),
        back: ("Keep them".into(), href(import.id)),
    }
}

/// `GET /imports/{import}/undo`: the question, without script.
pub async fn ask_undo(member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    if import.state != ImportState::Committed {
        return Err(StoreError::Stale.into());
    }
    let confirm = undo_confirm(&import, &Summary::of(&import), member.csrf());
    Ok(ok(page(&member, &import, confirm.page(), None)))
}

/// `POST /imports/{import}/undo`
pub async fn undo(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    if import.state != ImportState::Committed {
        return Err(StoreError::Stale.into());
    }
    let importer = importer_of(&app, &member, &import);
    let jobs = app.jobs.clone();
    let progress = move |looked_at: u64| {
        jobs.progress(id, Progress { rows: looked_at, bytes: 0, bytes_total: 0 });
    };
    let (tell, told) = tokio::sync::oneshot::channel();
    run(&app, id, async move {
        let undone = importer.undo(&import, progress).await?;
        // A long undo goes on without anybody who waits for its figures.
        let _ = tell.send(undone);
        Ok(())
    })
    .await;
    let Some(undone) = told.now_or_never().and_then(Result::ok) else { return Ok(see_other(&href(id))) };
    let taken = counted(undone.deleted, "registration", "registrations");
    let kept = match n(undone.kept) {
        0 => String::new(),
        kept => format!(
            " {} because a message was planned for them.",
            counted(kept, "person stays", "people stay")
        ),
    };
    Ok(see_other_saying(&app, &href(id), &format!("{taken} taken back.{kept}")))
}
