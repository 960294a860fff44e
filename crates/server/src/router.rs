//! Every route, who may use it, and its handler: one table, from which the router is built and the access test walks.
//!
//! To add a page: write its handler, add a line to [`table`]. Nothing is reachable that is not in it.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};
use domain::role::Permission::{AddRegistrants, Erase, Integrations, Manage, Operate, Read, Send, Team};
use tokio::net::TcpListener;
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{DefaultPredicate, NotForContentType},
};

use crate::{
    app::App,
    callbacks::{self, Callbacks},
    http::{
        assets,
        error::Kind,
        gate::{self, gate},
        headers,
    },
    inbound::{self, Inbound},
    listener, pages,
};
use Needs::{Anyone, Public, SignedIn, SuperAdmin};

pub use crate::http::rule::{Needs, Rule};

/// After the signal to stop, open requests get so long to end.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// Most bytes of a form; uploads say their own with [`Route::body_max`].
const FORM_BYTES_MAX: usize = 64 * 1024;

/// A page that reads a long list from a provider, page by page.
const ASKING: Duration = Duration::from_secs(90);

/// One line of the table of routes.
pub struct Route {
    /// The HTTP method of the route.
    pub method: Method,
    /// The path and who may use it, for the gate.
    pub rule: Rule,
    handler: MethodRouter<App>,
}

/// A page or a form of a page.
pub fn route<H, T>(method: Method, path: &'static str, needs: impl Into<Needs>, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("GET, POST, PUT, PATCH and DELETE are known");
    let rule = Rule {
        path,
        needs: needs.into(),
        kind: Kind::Page,
        body_max: FORM_BYTES_MAX,
        timeout: gate::TIMEOUT,
        changes_access: false,
    };
    Route { method, rule, handler: on(filter, handler) }
}

impl Route {
    /// For programs: problems are JSON.
    pub fn json(mut self) -> Route {
        self.rule.kind = Kind::Json;
        self
    }

    /// Takes a larger body.
    pub fn body_max(mut self, bytes: usize) -> Route {
        self.rule.body_max = bytes;
        self
    }

    /// May end sessions, or change what somebody may do.
    pub fn changes_access(mut self) -> Route {
        self.rule.changes_access = true;
        self
    }

    /// May take longer.
    pub fn timeout(mut self, longest: Duration) -> Route {
        self.rule.timeout = longest;
        self
    }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

/// The pages of one channel's templates: below which address, and where accounts are asked for theirs, if any keeps some.
macro_rules! templates {
    ($home:literal, $fill:literal) => {{
        use pages::settings::templates::fill;
        let asks = [
            route(GET, $fill, Manage, fill::ask).timeout(ASKING),
            route(POST, $fill, Manage, fill::fill).timeout(ASKING),
        ];
        asks.into_iter().chain(templates!($home))
    }};
    ($home:literal) => {{
        use pages::settings::templates;
        [
            route(GET, $home, Read, templates::list),
            route(GET, concat!($home, "/new"), Manage, templates::new),
            route(POST, concat!($home, "/new"), Manage, templates::add),
            route(GET, concat!($home, "/{template}"), Read, templates::show),
            route(POST, concat!($home, "/{template}"), Manage, templates::update),
            route(GET, concat!($home, "/{template}/remove"), Manage, templates::confirm_removal),
            route(POST, concat!($home, "/{template}/remove"), Manage, templates::remove),
        ]
    }};
}

/// Every route.
#[rustfmt::skip]
pub fn table() -> Vec<Route> {
    use pages::{
        account, attendance, attention, broadcast, calendar, consents, correct, demo, erase, group_new, groups, posts_by_hand, health, home, imports, invite, keys, link, login, members, operator, opt_out, opted_out, opted_out_import, organisation, people, person, person_export, person_opt_out, post_file, registrants_export,
        settings::{accounts, alerts, audit, charges, integrations, links, prices, purposes, recordings, sequences, tags, templates},
        setup, stream, team, webhook, workshop, workshops,
    };
    let mut all = vec![
        route(GET,  "/assets/{file}",                     Anyone,     assets::serve),
        route(GET,  "/healthz",                           Anyone,     health::show).json(),

        route(POST, "/in/{secret}",                       Anyone,     inbound::receive).json().body_max(inbound::POST_BYTES_MAX),
        route(GET,  "/callbacks/{callback_key}",          Anyone,     callbacks::receive_query).json().timeout(callbacks::TIMEOUT),
        route(POST, "/callbacks/{callback_key}",          Anyone,     callbacks::receive).json().body_max(callbacks::POST_BYTES_MAX).timeout(callbacks::TIMEOUT),
        route(GET,  "/callbacks/{callback_key}/{*path}",  Anyone,     callbacks::receive_below).json().timeout(callbacks::TIMEOUT),
        route(POST, "/callbacks/{callback_key}/{*path}",  Anyone,     callbacks::receive_below).json().body_max(callbacks::POST_BYTES_MAX).timeout(callbacks::TIMEOUT),
        route(PUT,  "/callbacks/{callback_key}/{*path}",  Anyone,     callbacks::receive_below).json().body_max(callbacks::POST_BYTES_MAX).timeout(callbacks::TIMEOUT),
        route(PUT,  "/callbacks/{callback_key}",          Anyone,     callbacks::receive).json().body_max(callbacks::POST_BYTES_MAX).timeout(callbacks::TIMEOUT),

        route(GET,  "/o/{token}",                         Anyone,     opt_out::show),
        route(POST, "/o/{token}",                         Anyone,     opt_out::act),
        route(GET,  "/j/{code}",                          Anyone,     link::own),
        route(GET,  "/l/{name}",                          Anyone,     link::named),
        route(GET,  "/files/{address}/{name}",            Anyone,     post_file::serve).json(),
        route(GET,  "/recordings/{sound}",                Anyone,     recordings::sound::serve).json(),

        route(GET,  "/sign-in",                           Public,     login::form),
        route(POST, "/sign-in",                           Public,     login::sign_in),
        route(GET,  "/sign-in/{token}",                   Public,     login::link),
        route(POST, "/sign-in/{token}",                   Public,     login::use_link),
        route(POST, "/sign-out",                          SignedIn,   login::sign_out).changes_access(),
        route(GET,  "/set-up/{token}",                    Public,     setup::form),
        route(POST, "/set-up/{token}",                    Public,     setup::set_up),
        route(GET,  "/invite/{token}",                    Public,     invite::form),
        route(POST, "/invite/{token}",                    Public,     invite::accept).changes_access(),
        route(POST, "/theme",                             Public,     account::theme),

        route(GET,  "/",                                  SignedIn,   home::show),
        route(GET,  "/compose/confirm",                   Send,       home::confirm::show),
        route(POST, "/compose/confirm",                   Send,       home::confirm::confirm),
        route(POST, "/compose/posts",                     Read,       home::posts::compose).body_max(post_file::FORM_BYTES_MAX).timeout(ASKING),
        route(POST, "/compose/posts/review",              Send,       home::posts::review).body_max(post_file::FORM_BYTES_MAX).timeout(ASKING),
        route(POST, "/compose/posts/confirm",             Send,       home::posts::confirm).timeout(ASKING),
        route(POST, "/compose/posts/test",                Send,       home::posts::test).body_max(post_file::FORM_BYTES_MAX).timeout(ASKING),
        route(GET,  "/compose/test",                      Send,       home::test::show),
        route(POST, "/compose/test",                      Send,       home::test::send),
        route(POST, "/compose/check",                     Send,       home::test::check),
        route(POST, "/demo/{wish}",                       Manage,     demo::act),
        route(GET,  "/account",                           SignedIn,   account::show),
        route(POST, "/account/name",                      SignedIn,   account::rename),
        route(POST, "/account/password",                  SignedIn,   account::change_password).changes_access(),
        route(POST, "/account/sessions/end-others",       SignedIn,   account::end_others).changes_access(),
        route(GET,  "/keys",                              SignedIn,   keys::show),
        route(POST, "/keys",                              SignedIn,   keys::choose),
        route(POST, "/organisation",                      SignedIn,   organisation::switch).changes_access(),
        route(GET,  "/organisations/new",                 SuperAdmin, organisation::new),
        route(POST, "/organisations/new",                 SuperAdmin, organisation::create),

        route(GET,  "/workshops",                         Read,       workshops::list),
        route(GET,  "/calendar",                          Read,       calendar::show),
        route(GET,  "/workshops/new",                     Manage,     workshops::form::new),
        route(POST, "/workshops/new",                     Manage,     workshops::form::create),
        route(GET,  "/workshops/{workshop}",              Read,       workshop::show),
        route(GET,  "/workshops/{workshop}/edit",         Manage,     workshops::form::edit),
        route(POST, "/workshops/{workshop}/edit",         Manage,     workshops::form::update),
        route(GET,  "/workshops/{workshop}/plan",         Read,       workshop::plan::show).timeout(ASKING),
        route(GET,  "/workshops/{workshop}/plan/rehearsal", Read,     workshop::plan::rehearsal::show),
        route(POST, "/workshops/{workshop}/plan/rehearsal", Send,     workshop::plan::rehearsal::start),
        route(POST, "/workshops/{workshop}/plan/rehearsal/stop", Send, workshop::plan::rehearsal::stop),
        route(GET,  "/workshops/{workshop}/plan/rehearsal/ladders/{ladder}", Read, workshop::plan::ladder_played),
        route(GET,  "/workshops/{workshop}/plan/rehearsal.csv", Manage, workshop::plan::played::export),
        route(GET,  "/workshops/{workshop}/plan/run",     Send,       workshop::plan::ask_run).timeout(ASKING),
        route(POST, "/workshops/{workshop}/plan/run",     Send,       workshop::plan::run),
        route(GET,  "/workshops/{workshop}/plan/cancel",  Send,       workshop::plan::ask_cancel),
        route(POST, "/workshops/{workshop}/plan/cancel",  Send,       workshop::plan::cancel),
        route(GET,  "/workshops/{workshop}/plan/follow",  Send,       workshop::plan::ask_follow),
        route(POST, "/workshops/{workshop}/plan/follow",  Send,       workshop::plan::follow),
        route(GET,  "/plans/review",                      Send,       workshop::plan::review),
        route(POST, "/plans/review",                      Send,       workshop::plan::follow_together),
        route(GET,  "/workshops/{workshop}/plan/{row}/cancel", Send,  workshop::plan::ask_cancel_row),
        route(POST, "/workshops/{workshop}/plan/{row}/cancel", Send,  workshop::plan::cancel_row),
        route(POST, "/workshops/{workshop}/plan/{row}/retry", Send,   workshop::plan::retry_row),
        route(GET,  "/workshops/{workshop}/plan/{row}/put-back", Send, workshop::plan::ask_put_back),
        route(POST, "/workshops/{workshop}/plan/{row}/put-back", Send, workshop::plan::put_back),
        route(POST, "/workshops/{workshop}/plan/account", Send,       workshop::plan::choose_account),
        route(GET,  "/workshops/{workshop}/plan/ladders/{ladder}", Read, workshop::plan::ladder),
        route(GET,  "/workshops/{workshop}/move",         Manage,     workshop::plan::ask_move),
        route(POST, "/workshops/{workshop}/move",         Manage,     workshop::plan::move_workshop),
        route(GET,  "/workshops/{workshop}/variables",    Manage,     workshop::variables::show),
        route(POST, "/workshops/{workshop}/variables",    Manage,     workshop::variables::save),
        route(GET,  "/workshops/{workshop}/cancel",       Manage,     workshops::ask_cancel),
        route(POST, "/workshops/{workshop}/cancel",       Manage,     workshops::cancel),
        route(GET,  "/workshops/{workshop}/groups",       Read,       groups::list),
        route(POST, "/workshops/{workshop}/groups",       Manage,     groups::choose),
        route(POST, "/workshops/{workshop}/groups/name",  Manage,     groups::name),
        route(GET,  "/workshops/{workshop}/groups/new",   Manage,     group_new::new),
        route(POST, "/workshops/{workshop}/groups/new",   Manage,     group_new::make).timeout(ASKING),
        route(GET,  "/workshops/{workshop}/members",      Read,       members::show),
        route(POST, "/workshops/{workshop}/members/sync", Manage,     members::sync).timeout(ASKING),
        route(GET,  "/workshops/{workshop}/members.csv",  Manage,     members::download),
        route(GET,  "/settings/accounts",                 Read,       accounts::list),
        route(GET,  "/settings/accounts/{integration}",   Read,       accounts::show).timeout(ASKING),
        route(POST, "/settings/accounts/{integration}/risk", Integrations, accounts::risk),
        route(POST, "/settings/accounts/{integration}/link", Integrations, accounts::link).timeout(ASKING),
        route(POST, "/settings/accounts/{integration}/cancel", Integrations, accounts::cancel).timeout(ASKING),
        route(POST, "/settings/accounts/{integration}/unlink", Integrations, accounts::unlink).timeout(ASKING),
        route(POST, "/settings/accounts/{integration}/passkey", Integrations, accounts::passkey).timeout(ASKING),
        route(POST, "/settings/accounts/{integration}/sync", Manage,  accounts::sync).timeout(ASKING),
        route(POST, "/settings/accounts/{integration}/warned", Send,  accounts::warned),
        route(GET,  "/groups/{group}",                    Manage,     groups::edit),
        route(POST, "/groups/{group}",                    Manage,     groups::update),
        route(POST, "/groups/{group}/invite",             Manage,     groups::invite).timeout(ASKING),
        route(POST, "/groups/{group}/remove",             Manage,     groups::remove),
        route(GET,  "/workshops/{workshop}/attendance",   Read,       attendance::show),
        route(POST, "/workshops/{workshop}/attendance",   Manage,     attendance::upload).body_max(attendance::REPORT_BYTES_MAX).timeout(imports::UPLOAD_TIMEOUT),
        route(POST, "/workshops/{workshop}/attendance/remove", Manage, attendance::forget),
        route(GET,  "/workshops/{workshop}/attendance/{list}", Manage, attendance::look_at).timeout(ASKING),
        route(POST, "/workshops/{workshop}/attendance/{list}", Manage, attendance::take).timeout(ASKING),
        route(GET,  "/workshops/{workshop}/webhook",      Manage,     webhook::show),
        route(POST, "/workshops/{workshop}/webhook",      Manage,     webhook::make),
        route(POST, "/workshops/{workshop}/webhook/remove", Manage,   webhook::remove),
        route(GET,  "/workshops/{workshop}/registrants.csv", Manage,    registrants_export::download),
        route(GET,  "/workshops/{workshop}/tell",         Send,       workshop::tell_ticked),
        route(POST, "/workshops/{workshop}/registrants",  AddRegistrants, workshop::add),
        route(GET,  "/workshops/{workshop}/registrants/{registrant}", Read, workshop::show_registrant),
        route(POST, "/workshops/{workshop}/registrants/{registrant}/status", Manage, workshop::set_status),
        route(GET,  "/workshops/{workshop}/registrants/{registrant}/correct", Manage, correct::show),
        route(POST, "/workshops/{workshop}/registrants/{registrant}/correct", Manage, correct::save),

        route(GET,  "/people",                            Read,       people::search),
        route(GET,  "/people/opted-out",                  Read,       opted_out::list),
        route(POST, "/people/opted-out",                  Manage,     opted_out::add),
        route(GET,  "/people/opted-out/export",           Manage,       opted_out::export),
        route(GET,  "/people/opted-out/import",           Manage,     opted_out_import::form),
        route(POST, "/people/opted-out/import",           Manage,     opted_out_import::upload).body_max(opted_out_import::LIST_BYTES_MAX).timeout(imports::UPLOAD_TIMEOUT),
        route(GET,  "/people/opted-out/import/{list}",    Manage,     opted_out_import::show).timeout(ASKING),
        route(POST, "/people/opted-out/import/{list}",    Manage,     opted_out_import::choose),
        route(POST, "/people/opted-out/import/{list}/commit", Manage, opted_out_import::commit).timeout(ASKING),
        route(GET,  "/people/opted-out/{entry}/remove",   Manage,     opted_out::ask_remove),
        route(POST, "/people/opted-out/{entry}/remove",   Manage,     opted_out::remove),
        route(GET,  "/people/number/{digits}",            Read,       person::by_number),
        route(GET,  "/people/{person}",                   Read,       person::show),
        route(POST, "/people/{person}/export",            Manage,     person_export::download).timeout(ASKING),
        route(GET,  "/people/{person}/opt-out",           Manage,     person_opt_out::ask),
        route(POST, "/people/{person}/opt-out",           Manage,     person_opt_out::opt_out),
        route(GET,  "/people/{person}/erase",             Erase,      erase::ask),
        route(POST, "/people/{person}/erase",             Erase,      erase::erase).timeout(ASKING),
        route(POST, "/people/{person}/consents",          Manage,     consents::record),
        route(GET,  "/people/{person}/consents/{consent}/withdraw", AddRegistrants, consents::ask_withdraw),
        route(POST, "/people/{person}/consents/{consent}/withdraw", AddRegistrants, consents::withdraw),

        route(GET,  "/broadcasts",                        Read,       broadcast::list::show),
        route(GET,  "/broadcasts/{broadcast}",            Read,       broadcast::page::show),
        route(GET,  "/broadcasts/{broadcast}/calls/{stage}", Read,    broadcast::calls::show),
        route(GET,  "/broadcasts/{broadcast}/export",     Manage,       broadcast::export::download),
        route(GET,  "/broadcasts/{broadcast}/messages/{position}", Read, broadcast::message::show),
        route(GET,  "/broadcasts/{broadcast}/messages/{position}/tell", Send, correct::tell),
        route(POST, "/broadcasts/{broadcast}/messages/{position}/decide", Send, broadcast::message::decide),
        route(POST, "/broadcasts/{broadcast}/messages/{position}/edit", Send, broadcast::post::edit).timeout(ASKING),
        route(POST, "/broadcasts/{broadcast}/messages/{position}/delete", Send, broadcast::post::delete).timeout(ASKING),
        route(GET,  "/broadcasts/{broadcast}/post",       Read,       posts_by_hand::show),
        route(POST, "/broadcasts/{broadcast}/post",       Send,       posts_by_hand::mark),
        route(POST, "/broadcasts/{broadcast}/ask",        Send,       posts_by_hand::ask),
        route(POST, "/broadcasts/{broadcast}/pause",      Send,       broadcast::actions::pause),
        route(POST, "/broadcasts/{broadcast}/rewrite",    Send,       attention::rewrite),
        route(POST, "/broadcasts/{broadcast}/resume",     Send,       broadcast::actions::resume),
        route(GET,  "/broadcasts/{broadcast}/copy",       Send,       broadcast::again::copy),
        route(POST, "/broadcasts/{broadcast}/change",     Send,       broadcast::again::change),
        route(GET,  "/broadcasts/{broadcast}/cancel",     Send,       broadcast::actions::ask_cancel),
        route(POST, "/broadcasts/{broadcast}/cancel",     Send,       broadcast::actions::cancel),
        route(GET,  "/broadcasts/{broadcast}/retry",      Send,       broadcast::actions::ask_retry),
        route(POST, "/broadcasts/{broadcast}/retry",      Send,       broadcast::actions::retry),
        route(POST, "/broadcasts/{broadcast}/look-up",    Send,       broadcast::actions::look_up),
        route(GET,  "/attention",                         Read,       attention::show),

        route(GET,  "/live",                              Read,       stream::frame),
        route(GET,  "/live/attention",                    Read,       stream::attention),
        route(GET,  "/live/history",                      Read,       stream::history),
        route(GET,  "/live/broadcasts",                   Read,       stream::broadcasts),
        route(GET,  "/live/broadcasts/{broadcast}",       Read,       stream::broadcast),
        route(GET,  "/live/broadcasts/{broadcast}/messages/{position}", Read, stream::message),

        route(GET,  "/operator",                          Operate,    operator::show),
        route(GET,  "/operator/stop",                     Send,       operator::ask_stop),
        route(POST, "/operator/stop",                     Send,       operator::stop),
        route(POST, "/operator/posts-seen",               Operate,    attention::posts_seen),
        route(POST, "/operator/release",                  Send,       operator::release),
        route(GET,  "/operator/integrations/{integration}/stop", Send, operator::ask_stop_integration),
        route(POST, "/operator/integrations/{integration}/stop", Send, operator::stop_integration),
        route(POST, "/operator/integrations/{integration}/release", Send, operator::release_integration),

        route(GET,  "/imports",                           AddRegistrants, imports::upload::list),
        route(POST, "/imports",                           AddRegistrants, imports::upload::upload).body_max(imports::FILE_BYTES_MAX).timeout(imports::UPLOAD_TIMEOUT),
        route(GET,  "/imports/{import}",                  AddRegistrants, imports::show),
        route(GET,  "/imports/{import}/columns",          AddRegistrants, imports::columns::columns),
        route(POST, "/imports/{import}/columns",          AddRegistrants, imports::columns::choose),
        route(POST, "/imports/{import}/statuses",         AddRegistrants, imports::statuses::choose),
        route(POST, "/imports/{import}/rows",             AddRegistrants, imports::rows::fix).body_max(imports::ROWS_BYTES_MAX),
        route(GET,  "/imports/{import}/differences.csv",  AddRegistrants, imports::again::download),
        route(GET,  "/imports/{import}/rows.csv",         AddRegistrants, imports::rows::download),
        route(GET,  "/imports/{import}/left-out.csv",     AddRegistrants, imports::left_out::download),
        route(POST, "/imports/{import}/commit",           AddRegistrants, imports::finish::commit),
        route(GET,  "/imports/{import}/undo",             Manage,     imports::finish::ask_undo),
        route(POST, "/imports/{import}/undo",             Manage,     imports::finish::undo),

        route(GET,  "/settings",                          Read,       organisation::settings),

        route(GET,  "/settings/integrations",             Read,       integrations::list),
        route(GET,  "/settings/integrations/new/{vendor}", Integrations, integrations::new),
        route(POST, "/settings/integrations/new/{vendor}", Integrations, integrations::add),
        route(GET,  "/settings/integrations/{integration}", Read,     integrations::show),
        route(GET,  "/settings/integrations/{integration}/edit", Integrations, integrations::edit),
        route(POST, "/settings/integrations/{integration}/edit", Integrations, integrations::update),
        route(GET,  "/settings/integrations/{integration}/keys", Integrations, integrations::keys),
        route(POST, "/settings/integrations/{integration}/keys", Integrations, integrations::replace_keys),
        route(POST, "/settings/integrations/{integration}/test", Manage, integrations::test),
        route(POST, "/settings/integrations/{integration}/default", Integrations, integrations::set_default),
        route(POST, "/settings/integrations/{integration}/stop", Send, integrations::stop),
        route(POST, "/settings/integrations/{integration}/release", Send, integrations::release),
        route(GET,  "/settings/integrations/{integration}/remove", Integrations, integrations::confirm_removal),
        route(POST, "/settings/integrations/{integration}/remove", Integrations, integrations::remove),
        route(GET,  "/settings/templates/sms/import",     Manage,     templates::import::form),
        route(POST, "/settings/templates/sms/import",     Manage,     templates::import::look).body_max(templates::import::FILE_BYTES_MAX).timeout(ASKING),
        route(POST, "/settings/templates/sms/import/take", Manage,    templates::import::commit).body_max(templates::import::FILE_BYTES_MAX).timeout(ASKING),
        route(GET,  "/settings/recordings",               Read,       recordings::list),
        route(POST, "/settings/recordings",               Manage,     recordings::add).body_max(recordings::UPLOAD_BYTES_MAX).timeout(imports::UPLOAD_TIMEOUT),
        route(GET,  "/settings/recordings/{recording}",   Read,       recordings::show),
        route(POST, "/settings/recordings/{recording}",   Manage,     recordings::rename),
        route(GET,  "/settings/recordings/{recording}/sound", Read,   recordings::sound::listen).json(),
        route(GET,  "/settings/recordings/{recording}/remove", Manage, recordings::ask_removal),
        route(POST, "/settings/recordings/{recording}/remove", Manage, recordings::remove),
        route(GET,  "/settings/purposes",                 Manage,     purposes::show),
        route(POST, "/settings/purposes",                 Manage,     purposes::save),
        route(GET,  "/settings/sequences",                Read,       sequences::list),
        route(POST, "/settings/sequences",                Manage,     sequences::add),
        route(GET,  "/settings/sequences/{sequence}",     Read,       sequences::show),
        route(POST, "/settings/sequences/{sequence}",     Manage,     sequences::save),
        route(GET,  "/settings/sequences/{sequence}/remove", Manage,  sequences::ask_removal),
        route(POST, "/settings/sequences/{sequence}/remove", Manage,  sequences::remove),
        route(GET,  "/settings/sequences/{sequence}/steps/new", Manage, sequences::new_step),
        route(POST, "/settings/sequences/{sequence}/steps/new", Manage, sequences::add_step),
        route(GET,  "/settings/sequences/{sequence}/steps/{step}", Manage, sequences::edit_step),
        route(POST, "/settings/sequences/{sequence}/steps/{step}", Manage, sequences::update_step),
        route(POST, "/settings/sequences/{sequence}/steps/{step}/remove", Manage, sequences::remove_step),
        route(GET,  "/settings/sequences/{sequence}/ladders/new", Manage, sequences::new_ladder),
        route(POST, "/settings/sequences/{sequence}/ladders/new", Manage, sequences::add_ladder),
        route(GET,  "/settings/sequences/{sequence}/ladders/{ladder}", Manage, sequences::edit_ladder),
        route(POST, "/settings/sequences/{sequence}/ladders/{ladder}", Manage, sequences::update_ladder),
        route(POST, "/settings/sequences/{sequence}/ladders/{ladder}/remove", Manage, sequences::remove_ladder),
        route(GET,  "/settings/tags",                     Read,       tags::list),
        route(POST, "/settings/tags",                     Manage,     tags::add),
        route(GET,  "/settings/tags/{tag}",               Manage,     tags::edit),
        route(POST, "/settings/tags/{tag}",               Manage,     tags::update),
        route(POST, "/settings/tags/{tag}/default",       Manage,     tags::make_default),
        route(GET,  "/settings/tags/{tag}/remove",        Manage,     tags::ask_removal),
        route(POST, "/settings/tags/{tag}/remove",        Manage,     tags::remove),
        route(GET,  "/a",                                 Read,       alerts::short),
        route(GET,  "/settings/alerts",                   Manage,     alerts::show),
        route(POST, "/settings/alerts",                   Manage,     alerts::save),
        route(POST, "/settings/alerts/secret",            Manage,     alerts::another_secret),
        route(POST, "/settings/alerts/test",              Manage,     alerts::test).timeout(ASKING),
        route(GET,  "/settings/links",                    Read,       links::list),
        route(POST, "/settings/links",                    Manage,     links::add),
        route(GET,  "/settings/links/{link}",             Manage,     links::edit),
        route(POST, "/settings/links/{link}",             Manage,     links::update),
        route(GET,  "/settings/links/{link}/remove",      Manage,     links::ask_removal),
        route(POST, "/settings/links/{link}/remove",      Manage,     links::remove),
        route(GET,  "/settings/prices",                   Read,       prices::show),
        route(POST, "/settings/prices",                   Manage,     prices::set),
        route(GET,  "/settings/charges",                  Read,       charges::show),
        route(GET,  "/settings/audit",                    Manage,     audit::show),

        route(GET,  "/settings/organisation",             Read,       organisation::show),
        route(POST, "/settings/organisation",             Manage,     organisation::update),
        route(POST, "/settings/organisation/retention",   Erase,      erase::keep),
        route(GET,  "/settings/team",                     Team,       team::show),
        route(POST, "/settings/team/invitations",         Team,       team::invite),
        route(POST, "/settings/team/invitations/{invitation}/revoke", Team, team::revoke),
        route(POST, "/settings/team/members/{user}/role", Team,       team::change_role).changes_access(),
        route(POST, "/settings/team/members/{user}/remove", Team,     team::remove).changes_access(),
    ];
    all.extend(templates!("/settings/templates", "/settings/templates/import"));
    all.extend(templates!("/settings/templates/sms", "/settings/templates/sms/fill"));
    let uploads = |route: Route| route.body_max(post_file::FORM_BYTES_MAX).timeout(ASKING);
    all.extend(templates!("/settings/templates/group").map(uploads));
    all.extend(templates!("/settings/templates/ivr"));
    all
}

/// The router of the whole program.
pub fn build(app: &App) -> Router {
    build_from(app, table())
}

/// A router of the given routes, behind the same gate.
pub fn build_from(app: &App, routes: Vec<Route>) -> Router {
    let routes = routes.into_iter().fold(Router::new(), |router, route| {
        let rule = route.rule;
        let guarded = route
            .handler
            .route_layer(from_fn_with_state((app.clone(), rule), gate))
            .route_layer(DefaultBodyLimit::max(rule.body_max));
        router.route(rule.path, guarded)
    });
    routes
        .fallback(gate::nothing_here)
        .method_not_allowed_fallback(gate::wrong_method)
        .layer(Extension(Inbound::new()))
        .layer(Extension(Arc::new(Callbacks::new(
            app.engine.clone(),
            app.clock.clone(),
            &app.config.public_url,
        ))))
        .layer(from_fn_with_state(app.clone(), pages::problem::layer))
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("audio/"))),
        )
        .layer(from_fn_with_state(app.clone(), headers::add))
        .with_state(app.clone())
}

/// Answers requests until [`Parts::stopping`](crate::app::Parts::stopping) is cancelled, then lets open ones end.
///
/// # Errors
/// None at present; the listener answers for its sockets itself.
pub async fn serve(app: &App, sockets: TcpListener) -> anyhow::Result<()> {
    let limits = listener::Limits::new(listener::available(), app.config.behind_proxy);
    let serving = listener::serve(sockets, build(app), limits, app.stopping.clone());
    let deadline = async {
        app.stopping.cancelled().await;
        tokio::time::sleep(STOP_WAIT).await;
    };
    tokio::select! {
        () = serving => Ok(()),
        () = deadline => {
            tracing::warn!("requests were still open {} s after the signal to stop; they are dropped", STOP_WAIT.as_secs());
            Ok(())
        }
    }
}
