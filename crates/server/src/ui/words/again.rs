//! What a newer list says about who is registered, kind by kind.

use domain::workshop::Difference;

use crate::ui::format::counted;

/// How many registrations differ in this way, as a sentence without its end.
pub fn met(kind: Difference, people: u64) -> String {
    let n = |one: &str, many: &str| counted(people, one, many);
    match kind {
        Difference::Ended => n(
            "person is registered here and cancelled or refunded in the file",
            "people are registered here and cancelled or refunded in the file",
        ),
        Difference::NoPlace => n(
            "person is registered here, and has a status in the file that gives no place",
            "people are registered here, and have a status in the file that gives no place",
        ),
        Difference::OtherPayment => n(
            "person is registered here under another payment or order than the one that failed or ended in the file",
            "people are registered here under another payment or order than the one that failed or ended in the file",
        ),
        Difference::Changed => n(
            "person has another number, name or e-mail in the file",
            "people have another number, name or e-mail in the file",
        ),
        Difference::Returned => n(
            "person is cancelled or refunded here and registered in the file",
            "people are cancelled or refunded here and registered in the file",
        ),
        Difference::Gone => n(
            "person is registered here and not in the file",
            "people are registered here and not in the file",
        ),
    }
}

/// What happens when it is taken over, and when it is not.
pub fn effect(kind: Difference, take: bool) -> &'static str {
    match (kind, take) {
        (Difference::Ended | Difference::NoPlace | Difference::OtherPayment, true) => {
            "their registration ends"
        }
        (Difference::Ended | Difference::NoPlace | Difference::OtherPayment | Difference::Gone, false) => {
            "they stay registered"
        }
        (Difference::Changed, true) => "what the file says is taken over",
        (Difference::Changed, false) => "what stands here stays",
        (Difference::Returned, true) => "they are registered again",
        (Difference::Returned, false) => "they stay cancelled or refunded",
        (Difference::Gone, true) => "their registration is cancelled",
    }
}

/// What was done, once it is done.
pub fn done(kind: Difference, people: u64) -> String {
    let n = |one: &str, many: &str| counted(people, one, many);
    match kind {
        Difference::Ended => n(
            "registration ended: cancelled or refunded in the file",
            "registrations ended: cancelled or refunded in the file",
        ),
        Difference::NoPlace => n(
            "registration ended: the file’s status gives no place",
            "registrations ended: the file’s status gives no place",
        ),
        Difference::OtherPayment => n(
            "registration ended: another payment or order of theirs failed or ended in the file",
            "registrations ended: another payment or order of theirs failed or ended in the file",
        ),
        Difference::Changed => n(
            "registration corrected: number, name or e-mail as in the file",
            "registrations corrected: number, name or e-mail as in the file",
        ),
        Difference::Returned => n("person registered again", "people registered again"),
        Difference::Gone => n(
            "registration cancelled: not in the file any more",
            "registrations cancelled: not in the file any more",
        ),
    }
}

/// The choice, for a box to tick.
pub fn choice(kind: Difference) -> &'static str {
    match kind {
        Difference::Ended | Difference::NoPlace | Difference::OtherPayment => "End their registration",
        Difference::Changed => "Take over what the file says",
        Difference::Returned => "Register them again: they get messages",
        Difference::Gone => "Cancel their registration",
    }
}
