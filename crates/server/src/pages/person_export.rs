//! What is kept about a person, as a file: for when they ask for it.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{ids::LeadId, role::Permission};

use crate::{
    app::App,
    http::{
        error::Problem,
        extract::{Member, Path},
    },
    person_file,
    ui::{icons::Icon, menu::MenuItem},
};

/// `POST /people/{person}/export`: a download. The export is in the audit log.
pub async fn download(
    State(app): State<App>,
    member: Member,
    Path(id): Path<LeadId>,
) -> Result<Response, Problem> {
    let file = person_file::of(&app, &member.org, &member.organization, id, member.now).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"person-{id}.json\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, format!("{file:#}\n")).into_response())
}

/// The line in the menu of the person's page, for whoever may.
pub(super) fn item(member: &Member, person: LeadId) -> Option<MenuItem> {
    let item = || MenuItem::post("Download what is kept", format!("/people/{person}/export"), member.csrf());
    member.may(Permission::Manage).then(|| item().icon(Icon::Download))
}
