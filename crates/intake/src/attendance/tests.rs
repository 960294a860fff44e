use std::io::Write;

use domain::{ids::RegistrantId, workshop::RegistrantStatus};
use store::differences::ComparedRegistration;

use super::*;

/// A workshop on 20 January 2027, 7 PM in India.
fn with() -> ReadContext {
    let zone = Zone::india();
    ReadContext { home: Country::INDIA, starts_at: zone.parse_local("2027-01-20T19:00").unwrap(), zone }
}

fn read_bytes(bytes: &[u8], name: &str) -> Result<Report, ReportError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read(file.path(), name, &with())
}

fn read_text(text: &str) -> Report {
    read_bytes(text.as_bytes(), "report.csv").unwrap()
}

/// Name, e-mail, number, minutes.
fn shown(report: &Report) -> Vec<(String, String, String, Option<i64>)> {
    let shown = |visitor: &Visitor| {
        let email = visitor.email.as_ref().map_or(String::new(), |email| email.as_str().to_owned());
        let phone = visitor.phone.as_ref().map_or(String::new(), |phone| phone.as_str().to_owned());
        (visitor.name.clone(), email, phone, visitor.stay.minutes())
    };
    report.visitors.iter().map(shown).collect()
}

fn one(name: &str, email: &str, phone: &str, minutes: Option<i64>) -> (String, String, String, Option<i64>) {
    (name.to_owned(), email.to_owned(), phone.to_owned(), minutes)
}

const WEBINAR: &str = r#"Attendee Report
Report Generated:,"Jan 21, 2027 9:40 AM"
Topic,Webinar ID,Actual Start Time,Actual Duration (minutes),# Registered,# Cancelled,Unique Viewers,Total Users,Max Concurrent Views
Budget evening,800 0000 0009,"Jan 20, 2027 7:00 PM",121,3,0,3,6,3
Host Details
Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes),Country/Region Name
Yes,The desk,desk@example.com,"Jan 20, 2027 6:40 PM","Jan 20, 2027 9:02 PM",142,India
Panelist Details
Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes),Country/Region Name
Yes,A guest,guest@example.com,"Jan 20, 2027 6:50 PM","Jan 20, 2027 9:01 PM",131,India
Attendee Details
Attended,User Name (Original Name),First Name,Last Name,Email,Phone,Registration Time,Approval Status,Join Time,Leave Time,Time in Session (minutes),Is Guest,Country/Region Name
Yes,Asha R,Asha,Rao,asha@example.com,90000 00001,"Jan 11, 2027 10:02 AM",approved,"Jan 20, 2027 6:58 PM","Jan 20, 2027 7:40 PM",42,Yes,India
Yes,Asha R,Asha,Rao,asha@example.com,90000 00001,--,--,"Jan 20, 2027 7:44 PM","Jan 20, 2027 9:01 PM",77,Yes,India
No,Ravi,Ravi,Kumar,ravi@example.com,+91 90000 00002,"Jan 12, 2027 4:15 PM",approved,--,--,--,--,--
Yes,Meena,Meena,,meena@example.com,90000 00003,"Jan 12, 2027 5:00 PM",approved,"Jan 20, 2027 7:01 PM","Jan 20, 2027 9:00 PM",119,Yes,India
Other Attended
User Name,Join Time,Leave Time,Time in Session (minutes),Country/Region Name
9190000***99,"Jan 20, 2027 7:05 PM","Jan 20, 2027 7:30 PM",25,India
"#;

#[test]
fn a_webinar_report_gives_its_attendees_once_and_neither_hosts_nor_who_stayed_away() {
    let report = read_text(WEBINAR);
    assert_eq!(
        shown(&report),
        [
            one("Asha Rao", "asha@example.com", "+919000000001", Some(119)),
            one("Meena", "meena@example.com", "+919000000003", Some(119)),
            one("9190000***99", "", "", Some(25)),
        ]
    );
    assert_eq!((report.hosts, report.away), (2, 1));
    let zone = Zone::india();
    assert_eq!(report.first_joined(), Some(zone.parse_local("2027-01-20T18:58").unwrap()));
    assert_eq!(report.visitors[0].stay.left(), Some(zone.parse_local("2027-01-20T21:01").unwrap()));
}

#[test]
fn a_meeting_report_is_read_below_the_row_of_the_meeting_whose_host_is_nobody() {
    let report = read_text(
        "Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants\n\
         800 0000 0009,Budget evening,01/20/2027 06:55:00 PM,01/20/2027 09:01:00 PM,desk@example.com,126,3\n\
         \n\
         Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n\
         Asha Rao,asha@example.com,01/20/2027 07:00:00 PM,01/20/2027 07:30:00 PM,30,Yes\n\
         Asha Rao,asha@example.com,01/20/2027 07:20:00 PM,01/20/2027 08:00:00 PM,40,Yes\n\
         iPhone,,01/20/2027 07:00:00 PM,01/20/2027 08:00:00 PM,60,Yes\n",
    );
    assert_eq!(
        shown(&report),
        [one("Asha Rao", "asha@example.com", "", Some(60)), one("iPhone", "", "", Some(60))]
    );
}

#[test]
fn a_date_of_two_readings_is_the_one_near_the_workshop() {
    let mut with = with();
    for (start, typed) in
        [("2027-02-01T19:00", "01/02/2027 07:00 PM"), ("2027-01-02T19:00", "01/02/2027 07:00 PM")]
    {
        with.starts_at = with.zone.parse_local(start).unwrap();
        let rows = [
            (1, ["Name", "Join Time", "Leave Time"].map(str::to_owned).to_vec()),
            (2, ["Asha Rao", typed, typed].map(str::to_owned).to_vec()),
        ];
        assert_eq!(read_rows(&rows, &with).unwrap().first_joined(), Some(with.starts_at), "{start}");
    }
}

#[test]
fn a_report_in_parts_with_tabs_and_two_bytes_a_letter_is_read_and_nobody_is_counted_twice() {
    let text = "1. Summary\nMeeting title\tBudget evening\nAttended participants\t3\nStart time\t1/20/27, 7:00:11 PM\n\n\
                2. Participants\n\
                Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole\n\
                The desk\t1/20/27, 6:58:00 PM\t1/20/27, 8:31:00 PM\t1h 33m 0s\tdesk@example.com\tdesk@example.com\tOrganizer\n\
                Asha Rao\t1/20/27, 7:02:11 PM\t1/20/27, 8:30:02 PM\t1h 2m 51s\tasha@example.com\tasha@example.com\tAttendee\n\
                Meena (Guest)\t1/20/27, 7:05:00 PM\t1/20/27, 8:30:00 PM\t55m 3s\t\t\tAttendee\n\n\
                3. In-Meeting Activities\n\
                Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole\n\
                Asha Rao\t1/20/27, 7:02:11 PM\t1/20/27, 7:40:02 PM\t37m 51s\tasha@example.com\tAttendee\n";
    let bytes: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let report = read_bytes(&bytes, "meetingAttendanceReport.csv").unwrap();
    assert_eq!(
        shown(&report),
        [one("Asha Rao", "asha@example.com", "", Some(63)), one("Meena (Guest)", "", "", Some(56)),]
    );
    assert_eq!(report.hosts, 1);
}

#[test]
fn a_list_kept_by_hand_says_who_came() {
    let report = read_text(
        "Name,Mobile,Attended\nAsha Rao,90000 00001,Yes\nRavi,90000 00002,No\nMeena,90000 00003,हाँ\n",
    );
    assert_eq!(
        shown(&report),
        [one("Asha Rao", "", "+919000000001", None), one("Meena", "", "+919000000003", None)]
    );
    assert_eq!(report.away, 1);
    let report = read_text(
        "First name,Last name,Email,Duration,Time joined,Time exited\nAsha,Rao,asha@example.com,55 min,7:01 PM,7:56 PM\n",
    );
    assert_eq!(shown(&report), [one("Asha Rao", "asha@example.com", "", Some(55))]);
}

#[test]
fn a_cell_that_says_neither_yes_nor_no_is_named_and_counts_nobody() {
    let report = read_text(
        "Name,Mobile,Attended\nAsha Rao,90000 00001,Yes\n\nRavi,90000 00002,\nMeena,90000 00003,cancelled\n\
         Kiran,90000 00004,registered\nTara,90000 00005,maybe\nDev,90000 00006,42\nJo,90000 00007,not attended\n",
    );
    assert_eq!(
        shown(&report),
        [one("Asha Rao", "", "+919000000001", None), one("Dev", "", "+919000000006", None)]
    );
    let tara = UnclearRow { row: 7, name: "Tara".to_owned(), word: "maybe".to_owned() };
    assert_eq!((report.away, report.unclear), (4, vec![tara]));
    // Where the cell is empty, the times of the row tell it.
    let report = read_text(
        "Name,Attended,Join Time,Duration (minutes)\nAsha Rao,,\"Jan 20, 2027 7:00 PM\",30\nRavi,,--,--\nMeena,,,0\n",
    );
    assert_eq!((shown(&report).len(), report.away), (1, 2));
    let none = read_bytes(b"Name,Mobile,Attended\nTara,90000 00005,maybe\n", "list.csv").unwrap_err();
    assert!(none.to_string().contains("row 2 “maybe”"), "{none}");
}

#[test]
fn a_list_that_says_nothing_of_attending_is_refused() {
    let refused = |text: &str| read_bytes(text.as_bytes(), "list.csv").unwrap_err();
    assert!(matches!(refused("Name,Mobile\nAsha Rao,90000 00001\n"), ReportError::NoAttendance));
    assert!(matches!(refused("Name,Mobile,Attended\nAsha Rao,90000 00001,No\n"), ReportError::Nobody));
    assert!(matches!(
        refused("Meeting ID,User Email,Duration (Minutes)\n80,desk@example.com,12\n"),
        ReportError::NoAttendance
    ));
    assert!(matches!(refused(""), ReportError::Sheet(SheetError::Empty)));
}

fn id(n: u32) -> RegistrantId {
    format!("00000000-0000-0000-0000-{n:012}").parse().unwrap()
}

fn known(n: u32, name: &str, email: &str, phone: &str) -> ComparedRegistration {
    ComparedRegistration {
        id: id(n),
        name: name.to_owned(),
        email: email.to_owned(),
        phone: phone.to_owned(),
        phone_typed: phone.to_owned(),
        status: RegistrantStatus::Registered,
        reference: String::new(),
        key: 0,
    }
}

#[test]
fn visitors_are_found_by_number_and_address_and_by_a_name_that_only_one_has() {
    let registrants = [
        known(1, "Asha Rao", "", "+919000000001"),
        known(2, "Ravi Kumar", "ravi@example.com", ""),
        // A family with one number.
        known(3, "Meena Shah", "", "+919000000003"),
        known(4, "Kiran Shah", "", "+919000000003"),
        known(5, "Jo Das", "", "+919000000005"),
        known(6, "Jo Das", "", "+919000000006"),
        known(7, "Élise Roy", "", "+919000000007"),
        known(8, "Tara", "", "+919000000008"),
    ];
    let report = read_text(
        "Name,Email,Phone,Join Time,Leave Time\n\
         A. Rao,,90000 00001,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:10 PM\"\n\
         Ravi,RAVI@example.com,,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:20 PM\"\n\
         Ravi at work,ravi.k@other.example,,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:20 PM\"\n\
         Shah Kiran,,90000 00003,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:30 PM\"\n\
         Jo Das,,,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:30 PM\"\n\
         Roy Elise,,,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:40 PM\"\n\
         Tara,,,\"Jan 20, 2027 7:00 PM\",\"Jan 20, 2027 7:40 PM\"\n",
    );
    let beside = match_visitors(report, &registrants);
    let found: Vec<(RegistrantId, MatchedBy, Option<i64>)> =
        beside.attended.iter().map(|one| (one.registrant, one.by, one.stay.minutes())).collect();
    assert_eq!(
        found,
        [
            (id(1), MatchedBy::Contact, Some(10)),
            (id(2), MatchedBy::Contact, Some(20)),
            (id(4), MatchedBy::Contact, Some(30)),
            (id(7), MatchedBy::Name, Some(40)),
        ]
    );
    let unknown: Vec<&str> = beside.unknown.iter().map(|visitor| visitor.name.as_str()).collect();
    assert_eq!(unknown, ["Ravi at work", "Jo Das", "Tara"]);
}
