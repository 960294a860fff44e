//! The person whose number, name or address a column holds, as far as its title says so.
//!
//! A number under "Parent's phone", "Emergency contact" or "Order phone number" is somebody's, but not the registrant's. Each word names
//! where it stands in a title.

/// Whose number or address a column holds. The best variant comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::read) enum Whose {
    /// The title says that it is the registrant's: "Attendee phone", "Ticket e-mail".
    Attendee,
    /// The title does not say: "Phone".
    Unsaid,
    /// Who ordered and paid. Often the registrant; not where the file names an attendee as well.
    Buyer,
    /// Somebody else: a parent, an office, who sold it. Never told anything on the strength of a title.
    Other,
}

/// What a title says about whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::read) struct OwnerHint {
    pub(in crate::read) whose: Whose,
    /// The title without the words that say so.
    pub(in crate::read) rest: String,
    /// The word that says so, for people.
    pub(in crate::read) word: Option<&'static str>,
}

/// Reads a plain title.
pub(in crate::read) fn whose(plain: &str) -> OwnerHint {
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    if let Some(word) = second_person(&words) {
        return OwnerHint { whose: Whose::Other, rest: plain.to_owned(), word: Some(word) };
    }
    let padded = format!(" {plain} ");
    let found = |list: &'static [(&'static str, &'static str)]| {
        list.iter().map(|(word, _)| *word).find(|word| has(&padded, word))
    };
    if let Some(word) = found(OTHERS).or_else(|| relation_with_respect(&words)) {
        return OwnerHint { whose: Whose::Other, rest: plain.to_owned(), word: Some(word) };
    }
    let without = |word: &str| tidy(&without_words(&padded, word));
    if let Some(word) = found(ATTENDEES) {
        return OwnerHint { whose: Whose::Attendee, rest: without(word), word: Some(word) };
    }
    // "Ticket name" is the ticket's, "Ticket full name" its holder's.
    if has(&padded, "ticket") && TICKET_HOLDERS.iter().any(|word| has(&padded, word)) {
        return OwnerHint { whose: Whose::Attendee, rest: without("ticket"), word: Some("ticket") };
    }
    if let Some(word) = found(BUYERS) {
        return OwnerHint { whose: Whose::Buyer, rest: without(word), word: Some(word) };
    }
    let rest = found(PRONOUNS).map_or_else(|| plain.to_owned(), without);
    OwnerHint { whose: Whose::Unsaid, rest, word: None }
}

/// "Pitaji", "पिताजी": a relation with the ending of respect.
fn relation_with_respect(words: &[&str]) -> Option<&'static str> {
    let plain = |word: &&str| word.strip_suffix("जी").or_else(|| word.strip_suffix("ji")).map(str::to_owned);
    let bare: Vec<String> = words.iter().filter_map(plain).collect();
    OTHERS.iter().map(|(word, _)| *word).find(|word| bare.iter().any(|bare| bare == word))
}

/// The word by which a number is not, or no longer, the registrant's: "Phone (old)", "9812345678 wrong no".
pub(in crate::read) fn not_theirs(plain: &str) -> Option<&'static str> {
    let padded = format!(" {plain} ");
    NOT_THEIRS.iter().map(|(word, _)| *word).find(|word| padded.contains(&format!(" {word} ")))
}

/// The word of a title by which it is one of several people of a row, each of them a registrant: the leader of a team, its second member.
pub(in crate::read) fn is_of_a_team(plain: &str) -> bool {
    const TEAM: &[&str] = &["team leader", "team lead", "group leader", "captain"];
    let words: Vec<&str> = plain.split(' ').collect();
    let padded = format!(" {plain} ");
    second_person(&words).is_some() || TEAM.iter().any(|word| has(&padded, word))
}

/// Takes words out of a text that has a space on both sides, in all their forms.
fn without_words(padded: &str, word: &str) -> String {
    let mut text = padded.to_owned();
    for form in [format!(" {word} s "), format!(" {word}s "), format!(" {word} ")] {
        text = text.replace(&form, " ");
    }
    text
}

/// Without the small words that are left where one was taken out: "mobile number of the participant".
fn tidy(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    while words.last().is_some_and(|word| matches!(*word, "of" | "the" | "for" | "का" | "की")) {
        words.pop();
    }
    while words.first().is_some_and(|word| matches!(*word, "of" | "the" | "s" | "का" | "की")) {
        words.remove(0);
    }
    words.join(" ")
}

/// "Parent", "Parents", "Parent's".
fn has(padded: &str, word: &str) -> bool {
    padded.match_indices(word).any(|(at, _)| {
        let rest = &padded[at + word.len()..];
        padded[..at].ends_with(' ') && (rest.starts_with(' ') || rest.starts_with("s "))
    })
}

/// "Participant 2 phone", "Second member's mobile": one row, several people; the others are not this row's registrant.
fn second_person(words: &[&str]) -> Option<&'static str> {
    #[rustfmt::skip]
    const PEOPLE: &[&str] = &[
        "participant", "attendee", "member", "guest", "person", "delegate", "student", "player", "teammate", "child",
        "sibling",
    ];
    let ordinal = |word: &str| {
        matches!(word, "second" | "third" | "fourth" | "fifth" | "2nd" | "3rd" | "4th" | "5th")
            || word.parse::<u32>().is_ok_and(|n| (2..100).contains(&n))
    };
    let is_person = |word: &&str| {
        PEOPLE.iter().any(|person| word.strip_prefix(person).is_some_and(|end| matches!(end, "" | "s")))
    };
    let joined = |word: &str| {
        let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
        PEOPLE.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())) && ordinal(digits)
    };
    let beside = words
        .windows(2)
        .any(|two| (is_person(&two[0]) && ordinal(two[1])) || (ordinal(two[0]) && is_person(&two[1])));
    (beside || words.iter().any(|word| joined(word))).then_some("a second participant")
}

/// Behind "ticket", these are its holder's.
#[rustfmt::skip]
const TICKET_HOLDERS: &[&str] = &[
    "phone", "mobile", "whatsapp", "email", "e mail", "first name", "last name", "full name", "holder", "contact", "cell",
    "surname",
];

/// Words for the registrant; each with a place where it stands.
#[rustfmt::skip]
const ATTENDEES: &[(&str, &str)] = &[
    ("ticket holder", "Townscript, KonfHub attendee exports"),
    ("ticketholder", "Ticket Tailor export"),
    ("attendee", "Eventbrite attendee report; Tito"),
    ("participant", "Devfolio and college fest forms"),
    ("registrant", "GoToWebinar, Webex registration reports"),
    ("delegate", "Cvent export"),
    ("guest", "Luma guest list"),
    ("student", "Graphy, Teachable learner lists"),
    ("learner", "Graphy learner list"),
    ("candidate", "LeadSquared forms"),
    ("applicant", "Meritto, Zoho forms"),
    ("trainee", "en: training forms"),
    ("visitor", "10times visitor list"),
    ("invitee", "Calendly export"),
    ("beneficiary", "en: NGO forms"),
    ("प्रतिभागी", "hi: forms"),
    ("छात्र", "hi: forms"),
    ("विद्यार्थी", "hi: forms"),
];

/// Words of a form that speaks to the one who fills it in; they leave the title as good as without.
#[rustfmt::skip]
const PRONOUNS: &[(&str, &str)] = &[
    ("your", "Google Forms questions"),
    ("my", "Google Forms questions"),
    ("own", "Google Forms questions"),
    ("self", "Google Forms questions"),
    ("आपका", "hi: forms"),
    ("आपकी", "hi: forms"),
    ("अपना", "hi: forms"),
    ("aapka", "hi in Latin letters: forms"),
    ("apna", "hi in Latin letters: forms"),
];

/// Words for who ordered and paid.
#[rustfmt::skip]
const BUYERS: &[(&str, &str)] = &[
    ("billing", "WooCommerce, Shopify order exports"),
    ("bill to", "QuickBooks export"),
    ("shipping", "WooCommerce, Shopify order exports"),
    ("delivery", "en: shop exports"),
    ("order", "Tito, ruby_au#56"),
    ("orderer", "en: shop exports"),
    ("ordered by", "en: shop exports"),
    ("buyer", "Eventbrite order report; Instamojo payments"),
    ("purchaser", "Ticket Tailor export"),
    ("purchased by", "en: shop exports"),
    ("invoice", "pretix order export"),
    ("booker", "Bookwhen export"),
    ("booked by", "BookMyShow, Insider exports"),
    ("booking", "Bookwhen export"),
    ("registered by", "Townscript group bookings"),
    ("customer", "Razorpay, Cashfree, Stripe exports"),
    ("client", "en: CRM exports"),
    ("खरीदार", "hi: forms"),
];

/// Words for somebody else.
#[rustfmt::skip]
const OTHERS: &[(&str, &str)] = &[
    ("parent", "school registration forms"),
    ("father", "school registration forms"),
    ("mother", "school registration forms"),
    ("dad", "school registration forms"),
    ("mom", "school registration forms"),
    ("guardian", "school registration forms; HIPAA intake forms"),
    ("caretaker", "school registration forms"),
    ("spouse", "insurance and club forms"),
    ("husband", "insurance and club forms"),
    ("wife", "insurance and club forms"),
    ("brother", "club forms"),
    ("sister", "club forms"),
    ("son", "club forms"),
    ("daughter", "club forms"),
    ("family member", "club forms"),
    ("relative", "hospital forms"),
    ("relation", "hospital forms"),
    ("next of kin", "hospital and travel forms"),
    ("kin", "hospital and travel forms"),
    ("nominee", "insurance forms"),
    ("emergency", "race and trek registration forms (Townscript)"),
    ("ice", "race registration forms: in case of emergency"),
    ("friend", "referral forms"),
    ("neighbour", "referral forms"),
    ("neighbor", "referral forms"),
    ("office", "Zoho CRM, LinkedIn forms"),
    ("company", "Zoho CRM, HubSpot company properties"),
    ("employer", "HR forms"),
    ("organisation", "Cvent export"),
    ("organization", "Cvent export"),
    ("school", "olympiad forms"),
    ("college", "college fest forms"),
    ("institute", "college fest forms"),
    ("institution", "college fest forms"),
    ("university", "college fest forms"),
    ("coordinator", "college fest forms"),
    ("co ordinator", "college fest forms"),
    ("coordinater", "college fest forms"),
    ("organiser", "Townscript export"),
    ("organizer", "Eventbrite export"),
    ("host", "Zoom report; Luma export"),
    ("co host", "Luma export"),
    ("panelist", "Zoom webinar report"),
    ("speaker", "Sessionize export"),
    ("trainer", "training schedules"),
    ("teacher", "olympiad forms"),
    ("tutor", "class lists"),
    ("instructor", "Teachable export"),
    ("faculty", "college fest forms"),
    ("professor", "college fest forms"),
    ("mentor", "college fest forms"),
    ("coach", "club forms"),
    ("counsellor", "Meritto, LeadSquared exports"),
    ("counselor", "Meritto, LeadSquared exports"),
    ("principal", "olympiad forms"),
    ("warden", "college fest forms"),
    ("manager", "Zoho CRM, HR forms"),
    ("supervisor", "HR forms"),
    ("boss", "HR forms"),
    ("hr", "HR forms"),
    ("head of department", "college fest forms"),
    ("hod", "college fest forms"),
    ("referrer", "Viral Loops, Zoho exports"),
    ("referred by", "Google Forms of coaches"),
    ("referred", "Google Forms of coaches"),
    ("referee", "job forms"),
    ("referral", "TagMango, Zoho exports"),
    ("reference", "LIC and coaching forms"),
    ("refer", "Google Forms of coaches"),
    ("introduced by", "MLM forms"),
    ("introducer", "MLM forms"),
    ("upline", "MLM forms"),
    ("sponsor", "MLM forms; Cvent export"),
    ("affiliate", "Graphy, Thinkific exports"),
    ("recommended by", "Google Forms of coaches"),
    ("sales", "Salesforce, Zoho CRM exports"),
    ("salesperson", "Odoo export"),
    ("salesman", "ERP exports"),
    ("seller", "marketplace exports"),
    ("vendor", "ERP exports"),
    ("supplier", "ERP exports"),
    ("merchant", "PayU, Paytm exports"),
    ("agent", "Freshdesk, Bitrix24 exports"),
    ("executive", "LeadSquared export"),
    ("telecaller", "NeoDove export"),
    ("caller", "NeoDove, exports of diallers"),
    ("owner", "HubSpot, Zoho CRM exports"),
    ("assigned", "Pipedrive, Bitrix24 exports"),
    ("assignee", "Asana, Jira exports"),
    ("handled by", "NeoDove export"),
    ("responsible", "Bitrix24 export: responsible person"),
    ("account manager", "Bitrix24, HubSpot exports"),
    ("creator", "monday.com, Notion exports"),
    ("attended by", "NeoDove export"),
    ("created by", "Zoho CRM export"),
    ("modified by", "Zoho CRM export"),
    ("added by", "CRM exports"),
    ("updated by", "CRM exports"),
    ("approved by", "Zoho forms"),
    ("rep", "Salesforce export"),
    ("representative", "Salesforce export"),
    ("support", "helpdesk exports"),
    ("helpline", "footers of reports"),
    ("help", "footers of reports"),
    ("helpdesk", "footers of reports"),
    ("customer care", "footers of reports"),
    ("toll free", "footers of reports"),
    ("reception", "hotel and clinic lists"),
    ("driver", "transport lists"),
    ("doctor", "hospital forms"),
    ("physician", "race registration forms"),
    ("landlord", "hostel forms"),
    ("witness", "legal forms"),
    ("assistant", "Google Contacts, Outlook exports"),
    ("secretary", "Outlook exports"),
    ("partner", "dance and race registration forms"),
    ("nominated by", "award forms"),
    ("nominator", "award forms"),
    ("sender", "exports of WhatsApp tools"),
    ("business account", "WATI exports"),
    ("from number", "Twilio, logs of calls"),
    ("from", "Twilio, logs of calls"),
    ("admin", "WhatsApp group exports"),
    ("पिता", "hi: school forms"),
    ("माता", "hi: school forms"),
    ("माँ", "hi: school forms"),
    ("मां", "hi: school forms"),
    ("अभिभावक", "hi: school forms"),
    ("पालक", "hi: school forms"),
    ("पति", "hi: forms"),
    ("पत्नी", "hi: forms"),
    ("आपातकालीन", "hi: race forms"),
    ("आपातकाल", "hi: race forms"),
    ("कार्यालय", "hi: forms"),
    ("स्कूल", "hi: school forms"),
    ("शिक्षक", "hi: school forms"),
    ("संदर्भ", "hi: forms"),
    ("pita", "hi in Latin letters: school forms"),
    ("mata", "hi in Latin letters: school forms"),
    ("pati", "hi in Latin letters: forms"),
    ("patni", "hi in Latin letters: forms"),
    ("payer", "PayPal activity report: who pays is often a parent or an employer"),
    ("payee", "en: payment exports"),
    ("payor", "en: payment exports"),
    ("paid by", "en: payment exports"),
    ("cardholder", "Stripe payments export"),
    ("account holder", "en: payment exports"),
    ("papa", "hi in Latin letters: forms"),
    ("pita ji", "hi in Latin letters: forms"),
    ("pitaji", "hi in Latin letters: forms"),
    ("mataji", "hi in Latin letters: forms"),
    ("mummy", "en: everyday word"),
    ("mum", "en: everyday word"),
    ("maa", "hi in Latin letters: forms"),
    ("daddy", "en: everyday word"),
    ("bhai", "hi in Latin letters: forms"),
    ("bhaiya", "hi in Latin letters: forms"),
    ("didi", "hi in Latin letters: forms"),
    ("behen", "hi in Latin letters: forms"),
    ("bahan", "hi in Latin letters: forms"),
    ("beta", "hi in Latin letters: forms"),
    ("beti", "hi in Latin letters: forms"),
    ("chacha", "hi in Latin letters: forms"),
    ("chachi", "hi in Latin letters: forms"),
    ("mama", "hi in Latin letters: forms"),
    ("mausi", "hi in Latin letters: forms"),
    ("bua", "hi in Latin letters: forms"),
    ("dada", "hi in Latin letters: forms"),
    ("dadi", "hi in Latin letters: forms"),
    ("nana", "hi in Latin letters: forms"),
    ("nani", "hi in Latin letters: forms"),
    ("dost", "hi in Latin letters: forms"),
    ("ghar", "hi in Latin letters: forms"),
    ("parivar", "hi in Latin letters: forms"),
    ("uncle", "en: everyday word"),
    ("aunt", "en: everyday word"),
    ("aunty", "en: everyday word"),
    ("auntie", "en: everyday word"),
    ("cousin", "en: everyday word"),
    ("nephew", "en: everyday word"),
    ("niece", "en: everyday word"),
    ("hubby", "en: everyday word"),
    ("grandfather", "en: everyday word"),
    ("grandmother", "en: everyday word"),
    ("grandpa", "en: everyday word"),
    ("grandma", "en: everyday word"),
    ("family", "en: everyday word"),
    ("in law", "en: everyday word"),
    ("roommate", "hostel forms"),
    ("colleague", "en: everyday word"),
    ("classmate", "en: everyday word"),
    ("f o", "en: father of, in Indian lists"),
    ("s o", "en: son of, in Indian lists"),
    ("d o", "en: daughter of, in Indian lists"),
    ("w o", "en: wife of, in Indian lists"),
    ("h o", "en: husband of, in Indian lists"),
    ("c o", "en: care of"),
    ("spoc", "en: single point of contact"),
    ("poc", "en: point of contact"),
    ("tpo", "college forms: training and placement officer"),
    ("nok", "hospital forms: next of kin"),
    ("placement officer", "college forms"),
    ("placement cell", "college forms"),
    ("team leader", "team registration forms"),
    ("team lead", "team registration forms"),
    ("group leader", "team registration forms"),
    ("captain", "team registration forms"),
    ("in charge", "college fest forms"),
    ("incharge", "college fest forms"),
    ("facilitator", "training lists"),
    ("ambassador", "college fest forms"),
    ("branch", "bank and coaching lists"),
    ("dealer", "company lists"),
    ("distributor", "company lists"),
    ("franchise", "company lists"),
    ("signatory", "company forms"),
    ("gurudev", "hi in Latin letters: ashram lists"),
    ("our", "en: who asks, not who answers"),
    ("ours", "en: who asks, not who answers"),
    ("पापा", "hi: forms"),
    ("मम्मी", "hi: forms"),
    ("भाई", "hi: forms"),
    ("बहन", "hi: forms"),
    ("दीदी", "hi: forms"),
    ("चाचा", "hi: forms"),
    ("मामा", "hi: forms"),
    ("दादा", "hi: forms"),
    ("दादी", "hi: forms"),
    ("नाना", "hi: forms"),
    ("नानी", "hi: forms"),
    ("बेटा", "hi: forms"),
    ("बेटी", "hi: forms"),
    ("दोस्त", "hi: forms"),
    ("मित्र", "hi: forms"),
    ("परिवार", "hi: forms"),
    ("घर", "hi: forms"),
    ("पड़ोसी", "hi: forms"),
];

/// Words for a number that is not, or no longer, the registrant's.
#[rustfmt::skip]
const NOT_THEIRS: &[(&str, &str)] = &[
    ("old", "CRM exports"),
    ("previous", "CRM exports"),
    ("former", "CRM exports"),
    ("earlier", "en: everyday word"),
    ("wrong", "call lists"),
    ("incorrect", "call lists"),
    ("invalid", "call lists"),
    ("not valid", "call lists"),
    ("deceased", "CRM exports"),
    ("late", "CRM exports"),
    ("inactive", "CRM exports"),
    ("not active", "call lists"),
    ("disconnected", "call lists"),
    ("switched off", "call lists"),
    ("switch off", "call lists"),
    ("not reachable", "call lists"),
    ("unreachable", "call lists"),
    ("not mine", "call lists"),
    ("not his", "call lists"),
    ("not her", "call lists"),
    ("not working", "call lists"),
    ("not in use", "call lists"),
    ("do not call", "call lists"),
    ("dont call", "call lists"),
    ("don t call", "call lists"),
    ("do not contact", "call lists"),
    ("not on whatsapp", "call lists"),
    ("no whatsapp", "call lists"),
    ("dnd", "call lists"),
    ("cancelled", "lists in chats"),
    ("canceled", "lists in chats"),
    ("not coming", "lists in chats"),
    ("पुराना", "hi: forms"),
    ("गलत", "hi: forms"),
    ("ग़लत", "hi: forms"),
    ("बंद", "hi: forms"),
    ("purana", "hi in Latin letters: forms"),
    ("galat", "hi in Latin letters: forms"),
];
