//! Looks at a file that somebody wants to post, as a gateway would meet it: asked for by its address, from outside, without following it on.

use std::time::Duration;

use domain::{
    post::PostMedia,
    post_media::{FIRST_BYTES, FoundFile, MediaProblem, examine},
};

use crate::http::{Endpoint, Http, NoResponse};

/// A file's server answers within this, or it is not counted on.
const PATIENCE: Duration = Duration::from_secs(8);

/// Looks at the file; its bytes where its server says how many.
///
/// # Errors
/// Why it cannot be posted.
pub async fn look(http: &Http, media: &PostMedia) -> Result<Option<u64>, MediaProblem> {
    // A rehearsal calls nobody: its files are not judged.
    if http.stays_here() {
        return Ok(None);
    }
    let unreachable = |why: &str| MediaProblem::Unreachable(why.to_owned());
    let file = Endpoint::parse_target(&media.url)
        .map_err(|_| unreachable("the address cannot be read, or holds a user or a #"))?;
    let found = match http.begin(&file, FIRST_BYTES, PATIENCE).await {
        Ok(begun) => FoundFile { status: begun.status, bytes: begun.bytes, first: begun.first },
        Err(silence) => return Err(unreachable(words(&silence))),
    };
    examine(media.kind, &found)
}

/// Why there was no answer, of a server that is no provider.
fn words(silence: &NoResponse) -> &'static str {
    match silence {
        NoResponse::Never(_) => "the address is not one that everybody can reach",
        NoResponse::Before(_) => "its server was not found, or let nobody in",
        NoResponse::After(_) => "its server did not answer in time",
    }
}
