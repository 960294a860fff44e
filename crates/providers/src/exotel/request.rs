//! The request that places a call into the flow (NOTES.md §2).

use domain::outcome::{Outcome, ProviderAnswer};

use super::ExotelAccount;
use crate::{
    codes,
    voice::{Dial, HookKind, india_plus},
};

/// Its form, or why there is none.
pub(super) fn form(account: &ExotelAccount, dial: &Dial<'_>) -> Result<Vec<(&'static str, String)>, Outcome> {
    let settings = &account.settings;
    let wanted = [(&settings.sid, "SID"), (&settings.exophone, "ExoPhone"), (&settings.flow_id, "flow")];
    if let Some((_, what)) = wanted.iter().find(|(value, _)| value.is_empty()) {
        let words = format!("The account has no {what}");
        return Err(Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words)));
    }
    let [person] = dial.calls else {
        let words = "Exotel takes one call per request";
        return Err(Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words)));
    };
    let Some(to) = india_plus(person.to) else {
        let words = "Exotel calls Indian numbers only";
        return Err(Outcome::Refused(ProviderAnswer::new(codes::INVALID_NUMBER, words)));
    };
    let ring = settings.common.ring();
    Ok(vec![
        ("From", to),
        ("CallerId", settings.exophone.clone()),
        ("Url", flow_url(settings)),
        ("CallType", "trans".to_owned()),
        ("TimeLimit", ring.longest_s.to_string()),
        ("TimeOut", ring.ring_s.to_string()),
        ("CustomField", account.paths.mark(person.call)),
        ("StatusCallback", account.paths.of_call(dial.callback, person.call, HookKind::Status)),
        ("StatusCallbackEvents[0]", "terminal".to_owned()),
        ("StatusCallbackEvents[1]", "answered".to_owned()),
        ("StatusCallbackContentType", "application/json".to_owned()),
    ])
}

/// The flow's address, plain `http` as it is documented; older accounts have another host and path.
fn flow_url(settings: &super::ExotelSettings) -> String {
    let (sid, flow) = (&settings.sid, &settings.flow_id);
    match settings.flow_host.as_str() {
        "my.exotel.in" => format!("http://my.exotel.in/exoml/start/{flow}"),
        "my.in.exotel.com" => format!("http://my.in.exotel.com/{sid}/exoml/start_voice/{flow}"),
        _ => format!("http://my.exotel.com/{sid}/exoml/start_voice/{flow}"),
    }
}
