//! What columns of agreements and refusals are about, by their titles.

use std::collections::HashMap;

use domain::channel::{Category, Channel};
use domain::text::line;

use crate::read::{Agreed, Field, Mapping};

/// What a column of agreements is about: on which channel, in which words.
#[derive(Clone, Debug)]
pub(super) struct Agreement {
    pub(super) channel: Option<Channel>,
    pub(super) wording: String,
    pub(super) source: String,
}

impl Agreement {
    /// Forms title such a column with the sentence that people agreed to; a title that names a channel means that one.
    pub(super) fn of(title: Option<&str>, file_name: &str) -> Agreement {
        let words = title.unwrap_or_default().to_lowercase();
        let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
        let named = [
            (Channel::WhatsappPersonal, has(&["whatsapp", "whats app", "व्हाट्स"])),
            (Channel::Sms, has(&["sms", "एसएमएस", "text message"])),
            (Channel::IvrCall, has(&["call", "कॉल"])),
        ];
        let mut named = named.iter().filter(|(_, named)| *named).map(|(channel, _)| *channel);
        let channel = match (named.next(), named.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        Agreement {
            channel,
            wording: title.map_or("A column without a title".to_owned(), line),
            source: format!("File {file_name}"),
        }
    }

    /// On which channels an answer is an agreement; `None` stands for every one. Question and answer both limit.
    pub(super) fn channels(&self, agreed: &Agreed) -> Vec<Option<Channel>> {
        match (agreed, self.channel) {
            (Agreed::No, _) => Vec::new(),
            (Agreed::Yes, channel) => vec![channel],
            (Agreed::Only(named), None) => named.iter().copied().map(Some).collect(),
            (Agreed::Only(named), Some(channel)) if named.contains(&channel) => vec![Some(channel)],
            (Agreed::Only(_), Some(_)) => Vec::new(),
        }
    }
}

/// What a column of refusals refuses: the channel, the messages, and the words of the file.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) channel: Option<Channel>,
    pub(super) category: Option<Category>,
    pub(super) reason: String,
}

impl Refusal {
    /// A title that names a channel or promotions means those; else nothing is wanted.
    pub(super) fn of(title: Option<&str>, file_name: &str) -> Refusal {
        let agreement = Agreement::of(title, file_name);
        let words = title.unwrap_or_default().to_lowercase();
        let promotional = ["promo", "marketing", "offer", "newsletter", "advert", "प्रचार", "ऑफ"];
        let category = promotional.iter().any(|word| words.contains(word)).then_some(Category::Marketing);
        let reason = format!("“{}” in the file {file_name}", agreement.wording);
        Refusal { channel: agreement.channel, category, reason }
    }
}

/// The consents and opt-outs that come with the people of an import.
pub(super) struct Wishes {
    pub(super) agreement: Option<Agreement>,
    /// The columns of refusals, each about its own channel and messages.
    pub(super) refusals: HashMap<usize, Refusal>,
    /// For a refusal of no column: nothing is wanted.
    pub(super) all: Refusal,
}

impl Wishes {
    /// Where no column is known.
    pub(super) fn none(file_name: &str) -> Wishes {
        Wishes { agreement: None, refusals: HashMap::new(), all: Refusal::of(None, file_name) }
    }

    /// What the columns of a mapping are about, by their titles. A refusal in the column of agreements refuses what the
    /// column asks for: promotions.
    pub(super) fn of<'t>(
        mapping: &Mapping,
        title: impl Fn(usize) -> Option<&'t str>,
        file_name: &str,
    ) -> Wishes {
        let mut refusals: HashMap<usize, Refusal> = HashMap::new();
        let consent = mapping.get(Field::Consent);
        if let Some(column) = consent {
            let refusal = Refusal::of(title(column), file_name);
            refusals.insert(column, Refusal { category: Some(Category::Marketing), ..refusal });
        }
        for column in mapping.all(Field::OptOut) {
            refusals.insert(column, Refusal::of(title(column), file_name));
        }
        let agreement = consent.map(|column| Agreement::of(title(column), file_name));
        Wishes { agreement, refusals, all: Refusal::of(None, file_name) }
    }

    /// What the refusal of a column is about.
    pub(super) fn refusal(&self, column: usize) -> &Refusal {
        self.refusals.get(&column).unwrap_or(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_of_refusals_refuses_its_own_channel() {
        let mut mapping = Mapping::default();
        mapping.set(Field::Consent, Some(1));
        mapping.set_all(Field::OptOut, &[2, 3, 4]);
        let titles = ["Name", "SMS Consent", "Do Not Call", "WhatsApp Opt Out", "No promotional SMS"];
        let wishes = Wishes::of(&mapping, |column| titles.get(column).copied(), "people.csv");
        let of = |column| (wishes.refusal(column).channel, wishes.refusal(column).category);
        assert_eq!(of(1), (Some(Channel::Sms), Some(Category::Marketing)));
        assert_eq!(of(2), (Some(Channel::IvrCall), None));
        assert_eq!(of(3), (Some(Channel::WhatsappPersonal), None));
        assert_eq!(of(4), (Some(Channel::Sms), Some(Category::Marketing)));
        assert_eq!(of(9), (None, None), "a refusal of no column: nothing is wanted");
        assert!(wishes.refusal(2).reason.contains("Do Not Call"), "{}", wishes.refusal(2).reason);
    }

    #[test]
    fn the_title_of_a_column_tells_channel_and_wording() {
        let told = |title| {
            let agreement = Agreement::of(title, "people.csv");
            (agreement.channel, agreement.wording)
        };
        assert_eq!(
            told(Some("Send me offers on WhatsApp")),
            (Some(Channel::WhatsappPersonal), "Send me offers on WhatsApp".into())
        );
        assert_eq!(told(Some("SMS opt-in")).0, Some(Channel::Sms));
        assert_eq!(told(Some("Offers by WhatsApp and SMS")).0, None, "every channel");
        assert_eq!(told(Some("सहमति")), (None, "सहमति".into()));
        assert_eq!(told(None).1, "A column without a title");
    }
}
