//! `munadi user`: people who sign in, from the server's own command line.

use std::{io::BufRead, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::{
    email::Email,
    name::PersonName,
    role::Role,
    time::{WallClock, Zone},
};
use store::{NewUser, Organization, User};

use super::say;
use crate::{app::App, config::Config, password};

/// `munadi user …`
#[derive(Args, Debug)]
pub struct UserCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Create a user, and print a link that signs the person in once
    Create {
        /// Address
        email: String,
        /// Name as others see it
        #[arg(long)]
        name: String,
        /// Organisation to join, by name; may be left out when there is only one
        #[arg(long)]
        organisation: Option<String>,
        /// admin, manager, agent or viewer
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// Put the person above organisations
        #[arg(long)]
        super_admin: bool,
        /// Read a password from the first line of standard input instead of printing a link
        #[arg(long)]
        password_stdin: bool,
    },
    /// Take away a person's password and sessions, and print a link that signs the person in once
    Reset {
        /// Address
        email: String,
        /// Read a new password from the first line of standard input instead of printing a link
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the users
    List,
}

/// Runs the command. An error ends it, in words for whoever typed it.
pub async fn run(config: Config, command: UserCommand) -> anyhow::Result<()> {
    let app = match command.what {
        What::Create { .. } => App::open(config, Arc::new(WallClock)).await?,
        What::Reset { .. } | What::List => App::open_existing(config, Arc::new(WallClock)).await?,
    };
    let done = match command.what {
        What::Create { email, name, organisation, role, super_admin, password_stdin } => {
            let person = NewPerson { email, name, organisation, role, super_admin };
            create(&app, person, password_stdin).await
        }
        What::Reset { email, password_stdin } => reset(&app, &email, password_stdin).await,
        What::List => list(&app).await,
    };
    app.store.close().await;
    done
}

struct NewPerson {
    email: String,
    name: String,
    organisation: Option<String>,
    role: Role,
    super_admin: bool,
}

async fn create(app: &App, person: NewPerson, password_stdin: bool) -> anyhow::Result<()> {
    let access = app.store.access();
    let email = Email::parse(&person.email)?;
    let name = PersonName::parse(&person.name).context("this is no name")?;
    let organisation = choose(access.organizations().await?, person.organisation.as_deref())?;
    let password = if password_stdin { Some(read_password(email.as_str())?) } else { None };
    let new = NewUser {
        email: email.as_str().to_owned(),
        name: name.as_str().to_owned(),
        password_hash: match &password {
            Some(password) => Some(app.passwords.hash(password).await),
            None => None,
        },
        super_admin: person.super_admin,
    };
    let now = app.clock.now();
    let id = access
        .create_user(&new, now)
        .await
        .context("a user with this address exists; use: munadi user reset")?;
    access.put_member(organisation.id, id, person.role, now).await?;
    say(format_args!(
        "{email_text} is {role} of {name}.",
        email_text = email.as_str(),
        role = person.role.title(),
        name = organisation.name
    ))?;
    if password.is_none() {
        print_link(app, id).await?;
    }
    Ok(())
}

async fn reset(app: &App, email: &str, password_stdin: bool) -> anyhow::Result<()> {
    let access = app.store.access();
    let (user, _) =
        access.user_by_email(email.trim()).await?.with_context(|| format!("there is no user {email}"))?;
    let hash =
        if password_stdin { Some(app.passwords.hash(&read_password(&user.email)?).await) } else { None };
    access.set_password(user.id, hash.as_deref(), None, "command line", app.clock.now()).await?;
    if password_stdin {
        return say(format_args!("{} has a new password. All sessions ended.", user.email));
    }
    print_link(app, user.id).await
}

async fn print_link(app: &App, user: domain::ids::UserId) -> anyhow::Result<()> {
    let link = app.sign_in_link(user, "command line").await?;
    say(format_args!(
        "Give this link to the person. It signs in once, within 24 hours; then a password can be chosen:\n\n  {link}\n"
    ))
}

async fn list(app: &App) -> anyhow::Result<()> {
    let access = app.store.access();
    let now = app.clock.now();
    for user in access.users().await? {
        let places: Vec<String> =
            access.organizations_of(&user).await?.into_iter().map(|organisation| organisation.name).collect();
        say(describe(&user, &places, &Zone::india().date(user.created_at, now)))?;
    }
    Ok(())
}

fn describe(user: &User, places: &[String], since: &str) -> String {
    let above = if user.super_admin { ", super admin" } else { "" };
    let password = if user.has_password { "" } else { ", no password yet" };
    format!("{}  {} ({}{above}{password}), since {since}", user.email, user.name, places.join(", "))
}

/// The organisation of that name, or the only one.
pub(super) fn choose(organisations: Vec<Organization>, name: Option<&str>) -> anyhow::Result<Organization> {
    let names = organisations.iter().map(|o| o.name.clone()).collect::<Vec<_>>().join(", ");
    match (name, organisations.len()) {
        (_, 0) => bail!("there is no organisation yet; start `munadi serve` and open the set-up link"),
        (Some(name), _) => organisations
            .into_iter()
            .find(|organisation| organisation.name.eq_ignore_ascii_case(name))
            .with_context(|| format!("there is no organisation “{name}”; there are: {names}")),
        (None, 1) => organisations.into_iter().next().context("there is one organisation"),
        (None, _) => bail!("say which organisation with --organisation: {names}"),
    }
}

fn read_password(email: &str) -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    password::check_new(&password, email)?;
    Ok(password)
}
