//! Whose message a template's preview shows: a registrant, or an invented person.

use domain::{ids::RegistrantId, template::Facts, time::DAY};
use maud::{Markup, html};
use store::{
    StoreError,
    registrants::{Registrant, RegistrantFilter},
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};

use crate::{
    http::extract::Member,
    ui::{
        field::{Choice, Field},
        format::phone,
    },
};

/// An invented person, whom a preview addresses where nobody real is there.
pub(in crate::pages) const INVENTED: &str = "Ananya Rao";
/// Registrants that the preview offers.
const PREVIEW_PEOPLE: i64 = 10;
/// Workshops that are looked at for them.
const PREVIEW_WORKSHOPS: i64 = 5;

/// A workshop and some of its registrants: those that a preview offers.
pub(super) type People = (Workshop, Vec<Registrant>);

/// Registrants of the next workshop that has any.
pub(super) async fn people(member: &Member) -> Result<Option<People>, StoreError> {
    let filter = |when| WorkshopFilter { when, limit: PREVIEW_WORKSHOPS, ..WorkshopFilter::default() };
    let mut workshops = member.org.workshops(&filter(WorkshopWhen::Upcoming(member.now))).await?;
    workshops.extend(member.org.workshops(&filter(WorkshopWhen::Past(member.now))).await?);
    let Some(workshop) = workshops.into_iter().find(|workshop| workshop.registrants > 0) else {
        return Ok(None);
    };
    let filter = RegistrantFilter { limit: PREVIEW_PEOPLE, ..RegistrantFilter::default() };
    let people = member.org.registrants(workshop.id, &filter).await?;
    Ok(Some((workshop, people)))
}

/// The facts of the chosen registrant, or of an invented person; and the name to speak of them.
pub(super) fn facts(member: &Member, preview_as: &str, people: Option<&People>) -> (Facts, String) {
    let zone = &member.organization.zone;
    let organisation = member.organization.name.clone();
    let alert = Facts {
        alert_matter: "Paused: 1-hour reminder".into(),
        alert_count: "140".into(),
        alert_link: "https://example.in/a".into(),
        ..Facts::default()
    };
    let chosen = preview_as.parse::<RegistrantId>().ok();
    let found = people.and_then(|(workshop, people)| {
        let person = people.iter().find(|person| Some(person.id) == chosen)?;
        Some((workshop, person))
    });
    match found {
        Some((workshop, person)) => {
            let who = if person.name.is_empty() { "this person".to_owned() } else { person.name.clone() };
            let facts = Facts {
                name: person.name.clone(),
                email: person.email.clone(),
                phone: person.phone.clone(),
                opt_out_link: member.link_samples.opt_out.clone(),
                own_join_link: member.link_samples.join.clone(),
                workshop_title: workshop.title.clone(),
                workshop_date: zone.long_date(workshop.starts_at),
                workshop_time: zone.plain_time(workshop.starts_at),
                workshop_join_link: workshop.join_link.clone(),
                variables: workshop.variables.clone(),
                organisation,
                ..alert
            };
            (facts, who)
        }
        None => {
            let facts = Facts {
                name: INVENTED.into(),
                email: "ananya@example.in".into(),
                phone: "+919000000001".into(),
                opt_out_link: member.link_samples.opt_out.clone(),
                own_join_link: member.link_samples.join.clone(),
                workshop_title: "Rust for Beginners".into(),
                workshop_date: zone.long_date(member.now.plus(DAY)),
                workshop_time: "7:00 PM".into(),
                workshop_join_link: "https://example.in/join/abc".into(),
                organisation,
                ..alert
            };
            (facts, "Ananya".to_owned())
        }
    }
}

/// Whose message the preview shows.
pub(super) fn preview_for(preview_as: &str, people: Option<&People>) -> Markup {
    let mut options = vec![Choice::new("", "Ananya, an invented person", preview_as)];
    let mut help = "Register somebody for a workshop to preview with real people.".to_owned();
    if let Some((workshop, people)) = people {
        options.extend(people.iter().map(|person| {
            let name = if person.name.is_empty() { "No name" } else { &person.name };
            Choice::new(person.id.to_string(), format!("{name} · {}", phone(&person.phone)), preview_as)
        }));
        help = format!("The newest registrants of {}.", workshop.title);
    }
    html! {
        (Field::select("preview_as", "Preview for", options).help(help).autosubmit())
    }
}
