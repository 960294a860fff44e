//! What the words of a file's status columns mean: what the program knows, what was said earlier, and what has to be said now.

use axum::extract::State;
use domain::ids::ImportId;
use intake::{Summary, importer::StatusWord, read::StatusMeaning};
use maud::html;
use store::imports::Import;

use super::{before_commit, href, importer_of, problem, run, stored_mapping};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::see_other,
    },
    ui::{
        button::Button,
        field::{Choice, Field},
        format::{counted, cut},
        head::Card,
    },
};

/// Words that are shown; a column with more holds something else.
const WORDS_SHOWN: usize = 60;

/// The card of the step "Rows": each word with its rows and its meaning.
pub(super) fn statuses_card(member: &Member, import: &Import, summary: &Summary) -> Card {
    let open = summary.open_statuses().count();
    let mut words: Vec<(usize, &StatusWord)> = summary.statuses.iter().enumerate().collect();
    words.sort_by_key(|(_, word)| word.meaning.is_some());
    let help = |word: &StatusWord| match (word.meaning, word.chosen) {
        (None, _) => "Not known: nobody is registered with it before you say so.",
        (Some(_), true) => "As said here or for an earlier file.",
        (Some(_), false) => "As this word is used by payment and ticket services.",
    };
    let title = match open {
        0 => "Statuses in the file".to_owned(),
        n => format!("Say what {}", counted(n as i64, "status means", "statuses mean")),
    };
    let body = html! {
        form class="m-stack" method="post" action={ (href(import.id)) "/statuses" } {
            (member.csrf())
            p class="m-p" { "Only people who are registered get messages. What you say is remembered for the next file." }
            div class="m-two" {
                @for (at, word) in words.iter().take(WORDS_SHOWN) {
                    input type="hidden" name={ "k" (at) } value=(word.key);
                    (Field::select(format!("m{at}"), format!("{} · {}", cut(&word.word, 40), counted(word.rows, "row", "rows")), choices(word.meaning))
                        .help(help(word)))
                }
            }
            @if words.len() > WORDS_SHOWN {
                p class="m-error" { (counted((words.len() - WORDS_SHOWN) as i64, "more word", "more words")) ": perhaps another column holds the status. Go back and choose the columns again." }
            }
            div { (Button::new("Use these meanings").busy("Reading…")) }
        }
    };
    Card::new("statuses", title, body).padded()
}

fn choices(meaning: Option<StatusMeaning>) -> Vec<Choice> {
    let current = meaning.map_or("", StatusMeaning::word);
    let title = |meaning: StatusMeaning| match meaning {
        StatusMeaning::Registered => "Registered: gets messages",
        StatusMeaning::LeftOut => "Left out: is not registered",
        StatusMeaning::Cancelled => "Cancelled: is told nothing",
        StatusMeaning::Refunded => "Refunded: is told nothing",
    };
    let known = StatusMeaning::ALL.into_iter().map(|one| Choice::new(one.word(), title(one), current));
    let ask = meaning.is_none().then(|| Choice::new("", "Choose…", current));
    ask.into_iter().chain(known).collect()
}

/// `POST /imports/{import}/statuses`: takes meanings over, remembers them, and reads the rows again.
pub async fn choose(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Form(form): Form<Vec<(String, String)>>,
) -> PageResult {
    let import = before_commit(&member, id).await?;
    let Some(mut mapping) = stored_mapping(&import) else {
        return Ok(see_other(&format!("{}/columns", href(id))));
    };
    let said = |name: String| form.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str());
    let mut news = Vec::new();
    for (at, word) in Summary::of(&import).statuses.into_iter().enumerate() {
        let meaning = said(format!("m{at}")).and_then(|meaning| meaning.parse::<StatusMeaning>().ok());
        let Some(meaning) = meaning.filter(|_| said(format!("k{at}")) == Some(word.key.as_str())) else {
            continue;
        };
        if word.meaning != Some(meaning) {
            news.push((word.key, meaning));
        }
    }
    mapping.statuses.extend(news.clone());
    let importer = importer_of(&app, &member, &import);
    importer.remember(&news).await.map_err(problem)?;
    let jobs = app.jobs.clone();
    run(
        &app,
        id,
        async move { importer.check(&import, &mapping, |at| jobs.progress(id, at)).await.map(drop) },
    )
    .await;
    Ok(see_other(&href(id)))
}
