//! Groups that gateways' stand-ins start with.

use crate::network::{Group, Member};

/// The number of the account that is linked from the start.
pub const ACCOUNT: u64 = 919_000_000_100;

/// Two groups of a workshop, one of announcements in a community with its parent, and one where our account is no admin and members may
/// not post. Some numbers are hidden.
pub fn sample_groups() -> Vec<Group> {
    let people = |from: u64, count: u64| (from..from + count).map(|n| 919_000_000_000 + n);
    let with_us = |phones: Vec<u64>| std::iter::once(ACCOUNT).chain(phones);
    let mut morning =
        Group::of("120363000000000001@g.us", "Excel batch 7, morning", with_us(people(1, 12).collect()));
    for member in morning.members.iter_mut().skip(10) {
        member.hidden = true;
    }
    let evening =
        Group::of("120363000000000002@g.us", "Excel batch 7, evening", with_us(people(21, 8).collect()));
    let parent = Group {
        is_parent: true,
        ..Group::of("120363000000000010@g.us", "Udaan learners", with_us(Vec::new()))
    };
    let mut announcements = Group {
        announce: true,
        is_announcements: true,
        parent: Some(parent.jid.clone()),
        ..Group::of("120363000000000011@g.us", "Udaan learners", with_us(people(1, 30).collect()))
    };
    let hidden: Vec<u64> =
        morning.members.iter().filter(|member| member.hidden).map(|member| member.phone).collect();
    for member in &mut announcements.members {
        member.hidden = hidden.contains(&member.phone);
    }
    let mut closed =
        Group { announce: true, ..Group::of("120363000000000020@g.us", "Alumni", people(41, 5)) };
    closed.members.push(Member::of(ACCOUNT));
    vec![morning, evening, parent, announcements, closed]
}
