//! How far the plan of each workshop is, in their list.

use domain::{role::Permission, workshop::WorkshopStatus};
use maud::{Markup, html};
use store::{plans::PlanProgress, workshops::Workshop};

use crate::{
    http::extract::Member,
    pages::workshop::plan,
    ui::{
        chip::{Chip, Tone},
        format::counted,
        icons::Icon,
    },
};

/// Steps that went, and what comes next or stands in the way; the way to a first plan where there is none.
pub(super) fn cell(member: &Member, workshop: &Workshop, progress: Option<&PlanProgress>) -> Markup {
    let Some(progress) = progress else {
        let is_open = workshop.status != WorkshopStatus::Cancelled && workshop.ends_at > member.now;
        return html! {
            @if is_open && member.may(Permission::Send) {
                a class="m-link" href=(plan::href(workshop.id)) { "Run sequence" span class="mui-visually-hidden" { " for " (workshop.title) } }
            } @else { "–" }
        };
    };
    let zone = &member.organization.zone;
    html! {
        (progress.went) " of " (counted(progress.steps, "step", "steps")) " went"
        @if progress.blocked > 0 {
            " " (Chip { tone: Tone::Act, icon: Icon::Warning, word: format!("{} would not go", progress.blocked) })
        }
        @if let Some(next) = progress.next { span class="m-sub" { "next " (zone.moment(next, member.now)) } }
        @else if progress.to_come > 0 { span class="m-sub" { "after each registration" } }
    }
}
