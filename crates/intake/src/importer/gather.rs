//! Brings the people of a file into batches for the store, beside it: while one is written, the next is read and sorted. One after the other,
//! SQLite waited a third of the time.

use domain::phone::Phone;
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    ImportError, Progress, ROWS_PER_TRANSACTION, Stretch,
    file_says::FileSays,
    rows::{Person, Read},
};

/// Rows of a large file that are brought into the order of their numbers before they are registered. In the order of the file, each
/// transaction would touch and write again most pages of the indexes by number: four times as slow at a million rows. Two such batches are
/// in memory at once, some 60 MB each.
const ROWS_IN_ORDER: usize = 150_000;

/// People to register together.
pub(super) struct Gathered {
    /// In the order of their numbers where they are many.
    pub(super) people: Vec<Person>,
    /// Numbers of those who are not registered and want no messages, with the columns that say so.
    pub(super) refused: Vec<(Phone, Vec<usize>)>,
    /// How far the reader was behind them.
    pub(super) at: Progress,
}

/// Gathers on a thread of its own, one batch ahead. `first` are people who come before those of the file; `file` settles those of whom
/// several rows say different things, where there are such. The last batch may be empty; an error is the last thing that the receiver sees.
pub(super) fn gather(
    mut stretches: mpsc::Receiver<Result<Stretch, ImportError>>,
    mut first: Vec<Person>,
    file: Option<FileSays>,
) -> mpsc::Receiver<Result<Gathered, ImportError>> {
    let (sender, receiver) = mpsc::channel(1);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        loop {
            // The one before is being written before this one is begun. Nobody listens any more when the program stops.
            let Ok(place) = runtime.block_on(sender.reserve()) else { return };
            let gathered = next(&mut stretches, std::mem::take(&mut first), file.as_ref());
            let is_last = gathered.as_ref().map_or(true, |(_, is_last)| *is_last);
            place.send(gathered.map(|(gathered, _)| gathered));
            if is_last {
                return;
            }
        }
    });
    receiver
}

/// The next batch, and whether the file is at its end.
fn next(
    stretches: &mut mpsc::Receiver<Result<Stretch, ImportError>>,
    mut people: Vec<Person>,
    file: Option<&FileSays>,
) -> Result<(Gathered, bool), ImportError> {
    let (mut refused, mut at, mut is_last) = (vec![], Progress::default(), true);
    while let Some(stretch) = stretches.blocking_recv() {
        let Stretch { rows, at: reached, .. } = stretch?;
        at = reached;
        for row in rows {
            match row {
                Read::Person(person, _) => match file {
                    None => people.push(person),
                    Some(file) => people.extend(
                        file.settled(person.registrant).map(|registrant| Person { registrant, ..person }),
                    ),
                },
                Read::LeftOut { refused_in, person, .. } => {
                    let phone = person.phone.filter(|_| !refused_in.is_empty());
                    refused.extend(phone.map(|phone| (phone, refused_in)));
                }
                Read::ToFix(..) | Read::NoStatus(..) => {}
            }
        }
        if people.len() >= ROWS_IN_ORDER {
            is_last = false;
            break;
        }
    }
    if people.len() > ROWS_PER_TRANSACTION {
        // People with one number keep the order of the file, so that the first of them is told.
        people.sort_by(|a, b| a.registrant.phone.cmp(&b.registrant.phone));
    }
    Ok((Gathered { people, refused, at }, is_last))
}
