use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(typed: &str, expected: &str) {
    check_in(Country::INDIA, typed, expected);
}

#[track_caller]
fn check_in(home: Country, typed: &str, expected: &str) {
    let got = Phone::parse(typed, home).map_or_else(|e| format!("{e:?}"), |phone| phone.0);
    assert_eq!(got, expected, "for {typed:?}");
}

#[test]
fn every_way_to_write_an_indian_mobile_gives_one_number() {
    for typed in [
        "9812345678",
        " 98123 45678 ",
        "98123-45678",
        "98123.45678",
        "(98123) 45678",
        "+919812345678",
        "+91 98123 45678",
        "+91-98123-45678",
        "(+91) 9812345678",
        "(91)9812345678",
        "91 98123 45678",
        "919812345678",
        "09812345678",
        "0 98123 45678",
        "+91 09812345678",
        "+91 (0) 98123 45678",
        "00919812345678",
        "0919812345678",
        "91919812345678",
        "+91 919812345678",
        "+91 +91 9812345678",
        "++919812345678",
        "p:+919812345678",
        "P: +91 98123 45678",
        "tel:+919812345678",
        "Mobile No. 9812345678",
        "https://wa.me/919812345678",
        "=\"9812345678\"",
        "=\"+919812345678\"",
        "'9812345678",
        "\u{2019}9812345678",
        "\u{a0}9812345678\u{a0}",
        "\u{feff}98123\u{200b}45678\u{202c}",
        "\u{202a}+91 98123 45678\u{202c}",
        "98123\u{2011}45678",
        "９８１２３４５６７８",
        "＋９１９８１２３４５６７８",
        "९८१२३४५६७८",
        "+९१ ९८१२३ ४५६७८",
        "9812345678.0",
        "919812345678.00",
        "9.812345678E+09",
        "9.812345678e9",
        "9.8123456780E+09",
        "9.19812345678E+11",
        "9,812,345,678",
        "91/9812345678",
    ] {
        check(typed, "+919812345678");
    }
}

#[test]
fn a_number_that_itself_starts_with_91_keeps_its_digits() {
    // The former system took the first two digits for a country code.
    check("9198123456", "+919198123456");
    check("919198123456", "+919198123456");
    check("+919198123456", "+919198123456");
    check("09198123456", "+919198123456");
    check("9191919191", "+919191919191");
}

#[test]
fn foreign_numbers_need_their_plus_and_keep_their_country() {
    check("+1 415 555 2671", "+14155552671");
    check("+971 50 123 4567", "+971501234567");
    check("+44 7911 123456", "+447911123456");
    check("+44 (0)7911 123456", "+447911123456");
    check("00971501234567", "+971501234567");
    check("+6591234567", "+6591234567");
    check("+39 312 345 6789", "+393123456789");
    check("+39 06 698 12345", "+390669812345");
    check("+225 07 12 34 56 78", "+2250712345678");
    check("971501234567", "ForeignWithoutPlus");
    check("447911123456", "ForeignWithoutPlus");
    check("+91 +971501234567", "TwoCountryCodes");
}

#[test]
fn nothing_is_guessed_cut_or_filled_in() {
    check("", "Empty");
    check(" \u{200b}\u{a0} ", "Empty");
    check("'", "Empty");
    check("9.81234E+09", "DigitsLost");
    check("9.19812E+11", "DigitsLost");
    check("9,81E+09", "DigitsLost");
    check("9812345678/9912345678", "TwoNumbers");
    check("9812345678, 9912345678", "TwoNumbers");
    check("9812345678 or 9912345678", "TwoNumbers");
    check("9812345678\n9912345678", "TwoNumbers");
    check("98123 45678 99123 45678", "TwoNumbers");
    check("+919812345678 +919912345678", "TwoNumbers");
    check("9198765432/10", "TwoNumbers");
    check("98123", "TooShort { digits: 5 }");
    check("981234567", "TooShort { digits: 9 }");
    // The 0 in front is no digit of the number: ten digits would not be too short.
    check("0501234568", "TooShort { digits: 9 }");
    check("+91 981234567", "TooShort { digits: 9 }");
    check("98123456781", "TooLong { digits: 11 }");
    check("981234567812", "TooLong { digits: 12 }");
    // Iran has such a number: without a plus it is as likely one Indian digit too many.
    check("989123456789", "ForeignWithoutPlus");
    check("+91 98123456789", "TooLong { digits: 11 }");
    check("98123456789012345678", "TooLong { digits: 20 }");
    check("981234567.8", "NotANumber");
    check("98*****678", "Hidden");
    check("98XXXXX678", "Hidden");
    check("not given", "NotANumber");
    check("N/A", "NotANumber");
    check("12/05/2026", "TooShort { digits: 8 }");
    check("981234567O", "Stray('O')");
    check("9812345678+", "Stray('+')");
    check("0000000000", "NotInUse");
    check("1800 123 4567", "Service");
    check("+0 9812345678", "NotInUse");
}

#[test]
fn one_number_is_found_among_words_notes_and_links() {
    for typed in [
        "9812345678 (Asha)",
        "☎9812345678",
        "Asha Rao - 98123 45678",
        "9812345678 ext 12",
        "9812345678 x104",
        "+91 98123 45678 extn. 7",
        "tel:+91-98123-45678;ext=12",
        "9812345678, 9812345678",
        "9812345678 / 09812345678",
        "98123 45678 98123 45678",
        "+91 98123 45678 or 9812345678",
        "9812345678 WhatsApp only",
        "call after 6 pm: 9812345678",
        "whatsapp:+919812345678",
        "WhatsApp - +91 98123 45678",
        "https://wa.me/919812345678?text=Hi",
        "https://api.whatsapp.com/send?phone=919812345678&text=Hello",
        "https://api.whatsapp.com/send/?phone=%2B919812345678",
        "wa.me/+919812345678",
        "wa.me/9812345678",
        "(मोबाइल) 9812345678",
    ] {
        check(typed, "+919812345678");
    }
    check("wa.me/9779841234567", "+9779841234567");
    check("https://wa.me/14155552671", "+14155552671");
    // Two numbers, hidden digits, lost digits and long figures of something else stay in doubt.
    check("Asha 9812345678, Ravi 9912345678", "TwoNumbers");
    check("Asha 98123xxx78", "Hidden");
    check("Asha 98123***78", "Hidden");
    check("Asha 9.81E+09", "DigitsLost");
    check("Order 1234567 of 9812345678", "NotANumber");
    check("9812345678/79", "TwoNumbers");
    check("Booked 2026-05-12 19:00", "NotANumber");
    check("flat 12, block 7", "NotANumber");
}

#[test]
fn a_country_is_read_however_a_file_writes_it() {
    let letters = |text| Country::from_text(text).map(|country| country.letters().to_owned());
    for (text, expected) in [
        ("Nepal", "NP"),
        ("NEPAL", "NP"),
        ("NPL", "NP"),
        ("np", "NP"),
        ("🇳🇵", "NP"),
        ("🇳🇵 Nepal", "NP"),
        ("Nepal (+977)", "NP"),
        ("+977", "NP"),
        ("+977 Nepal", "NP"),
        ("NP +977", "NP"),
        ("नेपाल", "NP"),
        ("NP - Nepal", "NP"),
        ("US/CA (+1)", "US"),
        ("United States of America", "US"),
        ("United States", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("The United States", "US"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("England", "GB"),
        ("United Kingdom (+44)", "GB"),
        ("UAE", "AE"),
        ("United Arab Emirates", "AE"),
        ("Korea, Republic of", "KR"),
        ("South Korea", "KR"),
        ("Côte d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Viet Nam", "VN"),
        ("India", "IN"),
        ("भारत", "IN"),
        ("india ", "IN"),
        ("IND", "IN"),
        ("91", "IN"),
        ("Trinidad & Tobago", "TT"),
        ("Canada (+1)", "CA"),
        ("Jamaica (+1-876)", "JM"),
        ("AND", "AD"),
        ("St. Lucia", "LC"),
        ("Bosnia and Herzegovina", "BA"),
        ("Republic of India", "IN"),
        ("Bangladesh (BD)", "BD"),
        ("Bangladesh (বাংলাদেশ)", "BD"),
        ("U.S.", "US"),
        ("u.s", "US"),
        ("U.A.E.", "AE"),
        ("IND.", "IN"),
        ("S. Africa", "ZA"),
        ("S Korea", "KR"),
        ("N. Korea", "KP"),
        ("Delhi, India", "IN"),
        ("Patan, Kathmandu, Nepal", "NP"),
    ] {
        assert_eq!(letters(text).as_deref(), Some(expected), "{text:?}");
    }
    for text in [
        "",
        "Atlantis",
        "N.A",
        "N.A.",
        "S. Atlantis",
        "Georgia, USA",
        "India, Nepal",
        "India / UAE",
        "India, or Nepal",
        "Delhi / Goa, India",
        "Abroad",
        "Nepal (+91)",
        "India / Nepal",
        "12345",
        "Pune",
        "Other",
        "N/A",
        "Nepal or India",
        "+",
        "()",
    ] {
        assert_eq!(letters(text), None, "{text:?}");
    }
}

#[test]
fn the_home_country_decides_numbers_without_a_code() {
    let uae = Country::parse("ae").unwrap();
    let usa = Country::from_calling_code("+1").unwrap();
    check_in(uae, "050 123 4567", "+971501234567");
    check_in(uae, "501234567", "+971501234567");
    check_in(uae, "971501234567", "+971501234567");
    check_in(uae, "+919812345678", "+919812345678");
    check_in(usa, "415-555-2671", "+14155552671");
    check_in(usa, "1 415 555 2671", "+14155552671");
    check_in(usa, "011 91 98123 45678", "+919812345678");
}

#[test]
fn a_landline_is_told_from_a_mobile() {
    let kind = |text| Phone::parse(text, Country::INDIA).unwrap().kind();
    assert_eq!(kind("9812345678"), PhoneKind::Mobile);
    assert_eq!(kind("6360123456"), PhoneKind::Mobile);
    assert_eq!(kind("022 2456 7890"), PhoneKind::Landline);
    assert_eq!(kind("080 2555 1234"), PhoneKind::Landline);
    assert_eq!(kind("+1 415 555 2671"), PhoneKind::Unknown);
    assert_eq!(kind("+971 50 123 4567"), PhoneKind::Mobile);
    let is_landline = |text| Phone::parse(text, Country::INDIA).unwrap().is_landline();
    for landline in ["022 2456 7890", "+44 20 7946 0123"] {
        assert!(is_landline(landline), "{landline}");
    }
    // A mobile of Buenos Aires as people there write it, of Mexico City, of India, of a country where digits do not tell.
    for mobile in
        ["+54 11 2345 6789", "+54 9 11 2345 6789", "+52 55 1234 5678", "9812345678", "+1 415 555 2671"]
    {
        assert!(!is_landline(mobile), "{mobile}");
    }
}

#[test]
fn a_number_shows_only_its_ends_unless_asked() {
    let phone = Phone::parse("9812345678", Country::INDIA).unwrap();
    assert_eq!(phone.masked(), "+9198*****678");
    assert_eq!(format!("{phone:?}"), "Phone(+9198*****678)");
    assert_eq!(phone.digits(), "919812345678");
    assert_eq!(phone.national_ten(), Some("9812345678"));
    assert_eq!(Phone::parse("+6591234567", Country::INDIA).unwrap().national_ten(), None);
    assert_eq!(serde_json::to_string(&phone).unwrap(), "\"+919812345678\"");
    assert_eq!(serde_json::from_str::<Phone>("\"+919812345678\"").unwrap(), phone);
    assert!(serde_json::from_str::<Phone>("\"9812345678\"").is_err());
}

#[test]
fn the_store_gives_back_only_what_could_have_been_stored() {
    for wrong in
        ["", "+", "9812345678", "+0123456789", "+91 9812345678", "+91981234567812345", "+९८१२३४५६७८", "+12"]
    {
        assert!(Phone::from_stored(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_country_is_read_from_letters_and_from_codes() {
    let letters = |text| Country::from_calling_code(text).map(|c| c.letters().to_owned());
    for text in ["91", "+91", " 0091", "IN", "in", "91.0", "'+91", "=\"91\"", "९१"] {
        assert_eq!(letters(text).as_deref(), Some("IN"), "{text:?}");
    }
    assert_eq!(letters("1").as_deref(), Some("US"));
    assert_eq!(letters("44").as_deref(), Some("GB"));
    for text in ["", "0", "999", "India!", "ZZ", "-5"] {
        assert_eq!(letters(text), None, "{text:?}");
    }
    assert_eq!(Country::default().calling_code(), 91);
    assert_eq!(serde_json::to_string(&Country::INDIA).unwrap(), "\"IN\"");
    assert_eq!(serde_json::from_str::<Country>("\"IN\"").unwrap(), Country::INDIA);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_fast_path_equals_the_library(text in r" ?(\+91|91|0|\+91 |91-|)[ -]?[0-9]{5}[ -]{0,2}[0-9]{5} ?") {
        if let Some(fast) = plain_indian_mobile(&text, Country::INDIA) {
            prop_assert_eq!(Ok(fast.clone()), parse_with_library(&text, Country::INDIA));
            let alone = phonenumber::parse(None, fast.as_str()).unwrap();
            prop_assert_eq!(fast.as_str(), alone.format().mode(Mode::E164).to_string());
        }
    }

    #[test]
    fn the_fast_path_takes_every_plain_mobile(ten in "[6-9][0-9]{9}", before in r"(\+91|91|0|\+91 |)") {
        let fast = plain_indian_mobile(&format!("{before}{ten}"), Country::INDIA);
        prop_assert_eq!(fast, Some(Phone(format!("+91{ten}"))));
    }

    #[test]
    fn the_fast_path_never_takes_what_the_library_refuses(text in r"[+0-9 -]{8,16}") {
        if let Some(fast) = plain_indian_mobile(&text, Country::INDIA) {
            prop_assert_eq!(Ok(fast), parse_with_library(&text, Country::INDIA));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Phone::parse(&text, Country::INDIA);
        let _ = Phone::from_stored(&text);
        let _ = Country::from_calling_code(&text);
    }

    #[test]
    fn number_like_texts_do_not_panic_and_are_stable(text in r#"[-+0-9 ().,/'"=eEpx:\u{a0}\u{200b}०-९]{0,24}"#) {
        if let Ok(phone) = Phone::parse(&text, Country::INDIA) {
            prop_assert_eq!(Ok(phone.clone()), Phone::parse(phone.as_str(), Country::INDIA));
            prop_assert_eq!(Ok(phone.clone()), Phone::from_stored(phone.as_str()));
            let _ = (phone.masked(), phone.kind());
        }
    }

    #[test]
    fn what_is_written_is_read_back(digits in "[1-9][0-9]{6,14}") {
        if let Ok(phone) = Phone::parse(&format!("+{digits}"), Country::INDIA) {
            prop_assert_eq!(Ok(phone.clone()), Phone::parse(phone.as_str(), Country::INDIA));
            prop_assert_eq!(Ok(phone.clone()), Phone::parse(&format!("00{}", phone.digits()), Country::INDIA));
        }
    }
}

#[test]
fn indian_landlines_that_begin_like_mobiles_are_known() {
    for landline in
        ["080-25551234", "8022223333", "079-26401234", "8041234567", "08025551234", "0124-4123456"]
    {
        let phone = Phone::parse(landline, Country::INDIA).unwrap();
        assert!(phone.is_landline(), "{landline}");
        assert_eq!(phone.kind(), PhoneKind::Landline, "{landline}");
    }
    for mobile in ["9812345678", "8123456789", "7012345678", "6201234567", "8000012345"] {
        assert!(!Phone::parse(mobile, Country::INDIA).unwrap().is_landline(), "{mobile}");
    }
}

#[test]
fn what_the_first_five_digits_tell_is_what_the_library_says_of_the_whole_number() {
    // Every beginning with several endings: none of them may be told wrongly by an earlier one.
    for beginning in (60_000..100_000).step_by(7) {
        for ending in ["00001", "55123", "99999", "23456"] {
            let e164 = format!("+91{beginning}{ending}");
            let library =
                super::library_reading(&e164[1..]).is_some_and(|read| read.kind == Some(Type::FixedLine));
            assert_eq!(is_landline(&e164), library, "{e164}");
        }
    }
}
