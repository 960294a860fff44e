use super::*;
use crate::{
    template::{Facts, Source},
    whatsapp::{Parameter, WhatsappTemplate},
};

/// What a test changes of a broadcast in which all is well.
struct Given {
    template: WhatsappTemplate,
    join_link: &'static str,
    audience: AudienceSummary,
    probe: Probe,
    begins: Millis,
    done_at: Millis,
    stage: Stage,
    quiet: QuietHours,
    own_hours: Option<OpenHours>,
    balance: Money,
    tier_left: i64,
}

impl Given {
    fn fine() -> Given {
        let parameter =
            |label: &str, source| Parameter { label: label.into(), source, fallback: "there".into() };
        Given {
            template: WhatsappTemplate {
                campaign: "today".into(),
                category: Category::Utility,
                language: "en".into(),
                header: String::new(),
                body: "Hi {{1}}, join {{2}}".into(),
                footer: String::new(),
                parameters: vec![
                    parameter("name", Source::RegistrantName),
                    parameter("link", Source::WorkshopJoinLink),
                ],
                media: None,
                buttons: vec![],
                extra: Default::default(),
            },
            join_link: "https://meet.example/x",
            audience: AudienceSummary { total: 10, reachable: 10, ..AudienceSummary::default() },
            probe: Probe::Answered { live: true, parameters: Some(2), media: Some(false) },
            begins: Millis(1_000),
            done_at: Millis(2_000),
            stage: Stage::Open,
            quiet: QuietHours { from_minute: 0, to_minute: 0 },
            own_hours: None,
            balance: Money(100),
            tier_left: 10,
        }
    }

    fn examine(&self) -> Vec<Finding> {
        let event = Facts { workshop_join_link: self.join_link.into(), ..Facts::default() };
        let rules = Rules::new(self.template.clone().into(), event);
        let zone = Zone::india();
        let hours = SendingHours::of(self.template.category, self.quiet, &zone, AfterHours::Cancel)
            .within(self.own_hours, &zone);
        examine(&CheckInput {
            rules: &rules,
            audience: self.audience,
            tally: None,
            probe: Some(&self.probe),
            abilities: None,
            start: self.begins,
            begins: self.begins,
            done_at: self.done_at,
            deadline: Millis(9_000),
            time_unreadable: false,
            workshop_starts: Millis(8_000),
            stage: self.stage,
            quiet: (self.quiet, &zone),
            waits_out_quiet: false,
            hours: &hours,
            own_hours: self.own_hours,
            sending_stopped: None,
            account_stopped: None,
            account_unopened: None,
            calls: (0, 0),
            cost: Money(100),
            usual_price: None,
            balance: Some(self.balance),
            tier_left: Some(self.tier_left),
            sent_before: None,
            under_way: None,
            now: Millis(0),
        })
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Given), severity: Severity, expected: Finding) {
    let mut given = Given::fine();
    change(&mut given);
    let all = given.examine();
    assert!(all.contains(&expected), "no {expected:?} in {all:#?}");
    assert_eq!(expected.severity(), severity);
    assert_eq!(may_send(&all), severity != Severity::Error);
}

#[test]
fn a_sound_broadcast_has_nothing_but_passed_checks() {
    let all = Given::fine().examine();
    assert!(all.iter().all(|finding| finding.severity() == Severity::Passed), "{all:#?}");
}

#[test]
fn each_fault_is_found_and_only_errors_block() {
    use Severity::{Error, Warning};
    let excluded = |reason, n| Finding::Excluded { reason, n };
    check(|g| g.audience.reachable = 0, Error, Finding::NobodyReached(NoRecipients::Reached));
    check(|g| g.audience.bad_value = 3, Warning, excluded(SkipReason::BadValue, 3));
    check(|g| g.audience.duplicate = 2, Warning, excluded(SkipReason::Duplicate, 2));
    check(|g| g.audience.suppressed = 2, Warning, excluded(SkipReason::Suppressed, 2));
    check(|g| g.audience.no_consent = 3, Warning, excluded(SkipReason::NoConsent, 3));
    check(|g| g.audience.invalid = 1, Warning, excluded(SkipReason::InvalidPhone, 1));
    check(|g| g.audience.missing_phone = 1, Warning, excluded(SkipReason::NoPhone, 1));
    check(|g| g.audience.without_name = 4, Warning, Finding::WithoutName { n: 4 });
    check(
        |g| g.template.body.push_str(" {{3}}"),
        Error,
        Finding::ValueWithoutSource { placeholders: 3, mapped: 2 },
    );
    check(|g| g.join_link = "", Error, Finding::NoJoinLink);
    check(|g| g.join_link = "javascript:alert(1)", Error, Finding::JoinLinkNoAddress);
    check(
        |g| g.probe = Probe::Refused("no such campaign".into()),
        Error,
        Finding::CampaignRefused { words: "no such campaign".into() },
    );
    check(
        |g| g.probe = Probe::Silent("timed out".into()),
        Warning,
        Finding::ProviderSilent { words: "timed out".into() },
    );
    let answered = |live, parameters, media| Probe::Answered { live, parameters: Some(parameters), media };
    check(|g| g.probe = answered(false, 2, None), Error, Finding::CampaignNotLive);
    check(
        |g| g.probe = answered(true, 3, None),
        Error,
        Finding::ValuesDiffer { wanted: 3, mapped: 2, registered: false },
    );
    check(|g| g.probe = answered(true, 2, Some(true)), Error, Finding::MediaMissing);
    check(|g| g.stage = Stage::Over, Warning, Finding::WorkshopOver);
    check(|g| g.stage = Stage::Cancelled, Error, Finding::WorkshopCancelled);
    check(|g| g.begins = Millis(9_000), Error, Finding::StartsTooLate);
    check(|g| g.done_at = Millis(9_001), Warning, Finding::EndsTooLate);
    // Half past five in the morning, in India, is the beginning of the epoch.
    check(|g| g.quiet = QuietHours { from_minute: 0, to_minute: 360 }, Warning, Finding::InQuietHours);
    let from_nine = OpenHours { from_minute: 540, until_minute: 1_080 };
    let opens = Millis(3 * 3_600_000 + 1_800_000);
    check(
        |g| g.own_hours = Some(from_nine),
        Error,
        Finding::AccountClosed { own: from_nine, opens, may_wait: true },
    );
    check(|g| g.balance = Money(99), Error, Finding::WalletLow { balance: Money(99), cost: Money(100) });
    check(|g| g.tier_left = 9, Warning, Finding::OverTier { allowed: 9 });
}

#[test]
fn promotion_may_not_start_at_night_and_goes_to_those_alone_who_agreed() {
    let ten = Millis(4 * 3_600_000 + 1_800_000);
    check(
        |g| g.template.category = Category::Marketing,
        Severity::Error,
        Finding::PromotionClosed { opens: ten },
    );
    let mut given = Given::fine();
    given.audience = AudienceSummary { total: 2, no_consent: 2, ..AudienceSummary::default() };
    assert!(given.examine().contains(&Finding::NobodyReached(NoRecipients::Agreed)));
}
