//! What the checks before posting found, in a title and a sentence. The same on the page and on the command line.

use domain::post_checks::PostFinding;

/// The fact, and what to do about it.
pub fn words(finding: &PostFinding) -> (String, &'static str) {
    let is = |title: &str, why| (title.to_owned(), why);
    match finding {
        PostFinding::SendingStopped { by } => {
            (format!("{by} stopped all sending"), "Release it on the Operator page.")
        }
        PostFinding::NoGroup => is("No group is chosen", "Tick the groups under Who."),
        PostFinding::NoPlace(name) => {
            (format!("“{name}” cannot be posted to"), "It is gone, or only admins may write there.")
        }
        PostFinding::SeveralAccounts => {
            is("The groups belong to different accounts", "Post to those of one account at a time.")
        }
        PostFinding::NobodyAsked => is("Nobody is asked to post", "Choose a person under Who."),
        PostFinding::Post(problem) => (problem.to_string(), "Change it under What."),
        PostFinding::Media(problem) => (problem.to_string(), problem.help()),
        PostFinding::Value(error) => {
            (error.to_string(), "Enter it in the workshop, or take it out of the text.")
        }
        PostFinding::VariablesMissing(names) => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let are = if names.len() == 1 { "is" } else { "are" };
            (format!("{} {are} not entered", names.join(", ")), "Enter it for this workshop above.")
        }
        PostFinding::TimeUnreadable => is("The time cannot be used", "Type it again under When."),
        PostFinding::EndsBeforeStart => {
            is("It would never be posted", "The last useful moment lies before the beginning.")
        }
        PostFinding::WorkshopOver => is("The workshop is over or cancelled", "The post can still be made."),
        PostFinding::QuietHours => is("It falls into your quiet hours", "Members’ phones may ring."),
        PostFinding::AfterStart => is("It is posted after the workshop begins", "Choose an earlier time."),
        PostFinding::SameName(name) => {
            (format!("Two chosen groups are called “{name}”"), "Members and links tell them apart.")
        }
        PostFinding::NotReady => is(
            "The account is not ready",
            "Link it under Settings, WhatsApp accounts; until then the posts wait, and then expire.",
        ),
        PostFinding::NotInTime { posted, of } => (
            format!("Only {posted} of {of} groups would be posted to in time"),
            "The account posts one at a time, so many an hour and a day. Begin earlier, or let it take longer under When.",
        ),
        PostFinding::MentionsAll => {
            is("Everybody’s phone rings", "Muted groups too. Not more than once a day.")
        }
    }
}
