//! Agreements and refusals: what limits, what takes back, and what a title turns round.

use domain::channel::Channel;

use super::{
    Agreed, Field, Mapping, agreed,
    cases::{open, read},
};

/// Who of the rows wants no messages.
fn refused(text: &str) -> Vec<bool> {
    read(&mut open(text)).0.iter().map(|row| row.person.opted_out).collect()
}

#[test]
fn a_negation_or_a_removal_beside_a_yes_is_no_agreement_to_all() {
    for answer in [
        "Yes, no calls please",
        "Yes, don't WhatsApp me",
        "हाँ, कॉल मत करना",
        "Yes, never by SMS",
        "Haan, call mat karna",
        "Yes, stop calls",
        "Yes please avoid WhatsApp",
        "I want to be removed",
        "I would like to unsubscribe",
        "Yes. STOP after 31 Dec",
        "ok no",
        "I agree only if free",
        "Yes - but not more than once a month",
        "I want no messages",
        "Yes, remove me later",
        "Agree to disagree",
    ] {
        assert!(matches!(agreed(answer), None | Some(Agreed::No)), "{answer}: {:?}", agreed(answer));
    }
    for answer in ["Yes", "I agree", "Yes, send me offers", "I want to receive offers", "हाँ", "Haan"] {
        assert_eq!(agreed(answer), Some(Agreed::Yes), "{answer}");
    }
    assert_eq!(agreed("Yes but only WhatsApp").filter(|said| *said == Agreed::Yes), None);
    assert_eq!(agreed("SMS only"), Some(Agreed::Only(vec![Channel::Sms])));
}

#[test]
fn no_more_and_stop_are_refusals_and_allow_turned_round_is_one() {
    for title in [
        "No more messages please",
        "Stop sending me messages",
        "Remove me from your list",
        "On NDNC list",
        "NDNC",
        "NCPR Status",
        "TRAI DND",
        "Please stop calling me",
        "I don't want any more calls",
    ] {
        let text =
            format!("Name,Phone,\"{title}\"\nAsha,9000000001,Yes\nRavi,9000000002,No\nMeena,9000000003,\n");
        assert_eq!(refused(&text), [true, false, false], "{title}");
    }
    for title in ["AllowBroadcast", "AllowSMS", "Allow WhatsApp messages", "Allow calls"] {
        let text =
            format!("Name,Phone,{title}\nAsha,9000000001,TRUE\nRavi,9000000002,FALSE\nMeena,9000000003,\n");
        assert_eq!(refused(&text), [false, true, false], "{title}");
        let agreed = read(&mut open(text)).0;
        assert!(agreed.iter().all(|row| row.person.consent.is_none()), "{title}");
    }
    for (title, states) in
        [("NDNC", ["Unregistered", "Registered"]), ("NCPR Status", ["Not Registered", "Registered"])]
    {
        let text =
            format!("Name,Phone,{title}\nAsha,9000000001,{}\nRavi,9000000002,{}\n", states[0], states[1]);
        assert_eq!(refused(&text), [false, true], "{title}");
        let rows = read(&mut open(text)).0;
        assert!(rows.iter().all(|row| row.person.status.status().is_none()), "{title} is no registration");
    }
}

#[test]
fn a_stop_in_any_column_is_named() {
    for (title, cell) in
        [("Reply", "STOP"), ("Last message", "unsubscribe"), ("Comment", "Please don't message again")]
    {
        let text = format!("Name,Phone,{title}\nAsha,9000000001,{cell}\nRavi,9000000002,ok\n");
        let sheet = open(text.clone());
        let mapping = Mapping::guess(&sheet);
        let named = mapping.not_used(&sheet);
        assert!(
            named.iter().any(|one| one.column == 2 && one.asks == Some(Field::OptOut)),
            "{title}: {named:?}"
        );
        // Said to hold refusals, it is read cell by cell: an "ok" is none.
        let mut said = mapping.clone();
        said.set_all(Field::OptOut, &[2]);
        let mut sheet = open(text);
        let rows: Vec<bool> = sheet
            .rows(&said, domain::phone::Country::INDIA)
            .unwrap()
            .map(|row| row.unwrap().person.opted_out)
            .collect();
        assert_eq!(rows, [true, false], "{title}");
    }
}

#[test]
fn a_title_that_agrees_and_refuses_is_asked_about() {
    for title in [
        "I agree to receive promotional messages (you can opt out any time)",
        "I authorise Udaan to call/SMS/WhatsApp me with offers. This overrides my DND/NDNC registration",
        "I consent to offers; reply STOP to unsubscribe",
        "I do not want to miss offers on WhatsApp",
    ] {
        let text = format!("Name,Phone,\"{title}\"\nAsha,9000000001,Yes\nRavi,9000000002,No\n");
        let sheet = open(text.clone());
        let mapping = Mapping::guess(&sheet);
        assert_eq!((mapping.get(Field::Consent), mapping.get(Field::OptOut)), (None, None), "{title}");
        let named = mapping.not_used(&sheet);
        assert!(named.iter().any(|one| one.column == 2 && one.asks.is_some()), "{title}: {named:?}");
        assert_eq!(refused(&text), [false, false], "{title}");
    }
}
