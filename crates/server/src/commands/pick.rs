//! What a command names by the beginning of its name: one that fits is taken, several are listed, none is an error.

use anyhow::bail;
use domain::channel::Channel;
use providers::registry;
use store::{
    Org, Organization,
    integrations::Integration,
    templates::Template,
    workshops::{Workshop, WorkshopFilter},
};

use crate::app::App;

/// The organisation of that name; without a name the only one.
pub(super) async fn pick_organisation(app: &App, name: Option<&str>) -> anyhow::Result<Organization> {
    let all = app.store.access().organizations().await?;
    one(all, name, "organisation", |organisation| &organisation.name)
}

/// The workshop of that title.
pub(super) async fn pick_workshop(org: &Org, title: &str) -> anyhow::Result<Workshop> {
    let filter = WorkshopFilter { title: title.to_owned(), limit: 100, ..WorkshopFilter::default() };
    let all = org.workshops(&filter).await?;
    one(all, Some(title), "workshop", |workshop| &workshop.title)
}

/// The template decides the channel, unless both have one of that name.
pub(super) async fn pick_template(
    org: &Org,
    name: &str,
    channel: Option<Channel>,
) -> anyhow::Result<Template> {
    let mut all = vec![];
    let sends = Channel::to_people();
    for with in sends.filter(|with| channel.is_none_or(|channel| channel == *with)) {
        all.extend(org.templates(with).await?);
    }
    let lower = name.to_lowercase();
    let exact: Vec<Channel> =
        all.iter().filter(|t| t.name.to_lowercase() == lower).map(|t| t.channel).collect();
    if let [first, second, ..] = exact[..]
        && first != second
    {
        bail!(
            "“{name}” is a template of {} and of {}; say --channel {first} or --channel {second}",
            first.title(),
            second.title()
        );
    }
    one(all, Some(name), "template", |template| &template.name)
}

/// The account of that name that serves a channel; without a name the only one.
pub(super) async fn pick_integration(
    org: &Org,
    name: Option<&str>,
    channel: Channel,
) -> anyhow::Result<Integration> {
    let mut all = org.integrations().await?;
    all.retain(|integration| registry::serving(channel).any(|vendor| vendor.kind() == integration.kind));
    one(all, name, &format!("account for {}", channel.title()), |integration| &integration.name)
}

/// The one of that name, or the only one whose name begins with it, or the only one.
pub(super) fn one<T>(
    all: Vec<T>,
    wanted: Option<&str>,
    what: &str,
    name: impl Fn(&T) -> &str,
) -> anyhow::Result<T> {
    let lower = wanted.unwrap_or_default().to_lowercase();
    let mut fitting: Vec<T> =
        all.into_iter().filter(|item| name(item).to_lowercase().starts_with(&lower)).collect();
    if let Some(exact) = fitting.iter().position(|item| name(item).to_lowercase() == lower) {
        return Ok(fitting.swap_remove(exact));
    }
    match fitting.len() {
        1 => Ok(fitting.swap_remove(0)),
        0 => bail!("there is no {what} “{}”", wanted.unwrap_or_default()),
        n => {
            let names: Vec<&str> = fitting.iter().take(10).map(&name).collect();
            bail!("{n} fit; say which {what} with its whole name: {}", names.join(" · "))
        }
    }
}
