//! Countries by their names: what a "Country" column holds.
//!
//! Letters and official names are ISO 3166-1's, the short names those of the zone database (`iso3166.tab`); behind them stand other
//! spellings that forms offer or people in India write. Names are plain: small letters, no accents, no "the", "of" and "and".

use super::Country;

/// ISO letters (two, three) and plain names.
type Line = (&'static str, &'static str, &'static [&'static str]);

/// Reads a country as forms and exports write it: a name, two or three ISO letters, a flag, a calling code, and these
/// together, such as `Nepal (+977)`, `🇳🇵 Nepal` or `NP - Nepal`. Where several countries share a text (`US/CA (+1)`,
/// `1`), the first country that it names is taken, otherwise the main one. `None` for anything else: a country that is
/// written and not understood is nobody's home.
pub(super) fn read(text: &str) -> Option<Country> {
    if let Some(country) = flag(text) {
        return Some(country);
    }
    let (words, code) = without_code(text);
    let named = name(&words).or_else(|| first_named(&words));
    match (named, code) {
        // "Nepal (+91)" says two things: not understood. Countries that share a code (US, CA) agree.
        (Some(country), Some(code)) if country.calling_code() != code => None,
        (Some(country), _) => Some(country),
        (None, Some(code)) if words.chars().all(|c| !c.is_alphanumeric()) => {
            Country::from_calling_code(&code.to_string())
        }
        (None, _) => None,
    }
}

/// ISO letters and the short name of each, written as names are.
pub(super) fn short_names() -> impl Iterator<Item = (&'static str, String)> {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    COUNTRIES.iter().filter_map(move |(letters, _, names)| {
        let words: Vec<String> = names.first()?.split(' ').map(capital).collect();
        Some((*letters, words.join(" ")))
    })
}

/// Two regional indicator signs.
fn flag(text: &str) -> Option<Country> {
    let letters: String = text
        .chars()
        .filter_map(|c| (c as u32).checked_sub(0x1F1E6).filter(|at| *at < 26))
        .filter_map(|at| char::from_u32(u32::from(b'A') + at))
        .collect();
    if letters.len() == 2 { Country::parse(&letters) } else { None }
}

/// The text without a calling code in it, and the code.
fn without_code(text: &str) -> (String, Option<u16>) {
    let Some(from) = text.find(|c: char| c.is_ascii_digit()) else { return (text.to_owned(), None) };
    let rest = &text[from..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
    let code = rest[..end].replace('-', "");
    let words = format!("{} {}", text[..from].trim_end_matches(['+', '(', ' ']), &rest[end..]);
    // A second number is no part of a country.
    if words.contains(|c: char| c.is_ascii_digit()) {
        return (text.to_owned(), None);
    }
    let code = code.trim_start_matches('0').parse().ok();
    // "+1-876" is Jamaica within the plan of +1.
    let code = code.map(|code: u16| if (1000..2000).contains(&code) { 1 } else { code });
    match code {
        Some(code) => (words, Some(code)),
        None => (text.to_owned(), None),
    }
}

/// A whole text as a name or ISO letters.
fn name(text: &str) -> Option<Country> {
    let plain = plain(text);
    // "U.S.", "IND."
    let letters: String = text.trim().chars().filter(|c| *c != '.').collect();
    // "N.A." is no answer, and not Namibia.
    if text.contains('.') && letters.eq_ignore_ascii_case("na") {
        return None;
    }
    // "S. Africa", "N. Korea"
    let whole = match plain.split_once(' ') {
        Some(("s", rest)) => format!("south {rest}"),
        Some(("n", rest)) => format!("north {rest}"),
        _ => plain,
    };
    let fits = |(two, three, names): &&(&str, &str, &[&str])| {
        two.eq_ignore_ascii_case(&letters)
            || three.eq_ignore_ascii_case(&letters)
            || names.contains(&whole.as_str())
    };
    COUNTRIES.iter().find(fits).and_then(|(two, ..)| Country::parse(two))
}

/// A text of several parts that are all countries (`US/CA`, `IN - India`, `Nepal (नेपाल)`): the first counts, and of
/// letters and a name the name.
fn first_named(text: &str) -> Option<Country> {
    let parts: Vec<&str> =
        text.split(['/', '(', ')', '|', ',', '-', '–', ':']).filter(|part| !plain(part).is_empty()).collect();
    if parts.len() < 2 {
        return None;
    }
    // Its name in a script that is not read here says nothing else: "Bangladesh (বাংলাদেশ)".
    let foreign = |part: &&str| {
        let read = |c: char| c.is_ascii_alphanumeric() || ('\u{900}'..='\u{97F}').contains(&c);
        !part.contains(read) && part.chars().any(char::is_alphabetic)
    };
    let readable: Vec<&str> = parts.iter().copied().filter(|part| !foreign(part)).collect();
    if let [one] = readable.as_slice() {
        return name(one);
    }
    // "Delhi, India": a place, and the country that it is in. "Georgia, USA" names two countries.
    if let Some((before, last)) = text.rsplit_once(',')
        && before.split(',').all(|part| name(part).is_none())
        && !before.contains(['/', '|'])
    {
        return name(last);
    }
    let named: Option<Vec<Country>> = readable.iter().map(|part| name(part)).collect();
    let named = named?;
    let first = *named.first()?;
    // "India / Nepal" is no country; "US/CA" share a code.
    named.iter().all(|country| country.calling_code() == first.calling_code()).then_some(first)
}

fn plain(text: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || ('\u{900}'..='\u{963}').contains(&c);
    let folded: String = text
        .chars()
        .filter(|c| !matches!(c, '\'' | '’' | '.'))
        .map(unaccented)
        .flat_map(char::to_lowercase)
        .map(|c| if kept(c) { c } else { ' ' })
        .collect();
    folded
        .split_whitespace()
        .filter(|word| !matches!(*word, "the" | "of" | "and"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The letters with accents that names of countries have.
fn unaccented(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'Å' | 'Á' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'É' => 'e',
        'í' | 'ï' | 'î' => 'i',
        'ó' | 'ô' | 'ö' | 'ø' | 'Ö' => 'o',
        'ú' | 'ü' => 'u',
        'ç' | 'Ç' => 'c',
        'ñ' => 'n',
        _ => c,
    }
}

#[rustfmt::skip]
const COUNTRIES: &[Line] = &[
    ("AF", "AFG", &["afghanistan", "अफगानिस्तान"]),
    ("AX", "ALA", &["aland islands"]),
    ("AL", "ALB", &["albania"]),
    ("DZ", "DZA", &["algeria"]),
    ("AS", "ASM", &["american samoa", "samoa american"]),
    ("AD", "AND", &["andorra"]),
    ("AO", "AGO", &["angola"]),
    ("AI", "AIA", &["anguilla"]),
    ("AG", "ATG", &["antigua barbuda"]),
    ("AR", "ARG", &["argentina"]),
    ("AM", "ARM", &["armenia"]),
    ("AW", "ABW", &["aruba"]),
    ("AU", "AUS", &["australia", "ऑस्ट्रेलिया"]),
    ("AT", "AUT", &["austria", "osterreich"]),
    ("AZ", "AZE", &["azerbaijan"]),
    ("BS", "BHS", &["bahamas"]),
    ("BH", "BHR", &["bahrain", "बहरीन", "kingdom bahrain"]),
    ("BD", "BGD", &["bangladesh", "bangla desh", "बांग्लादेश"]),
    ("BB", "BRB", &["barbados"]),
    ("BY", "BLR", &["belarus"]),
    ("BE", "BEL", &["belgium"]),
    ("BZ", "BLZ", &["belize"]),
    ("BJ", "BEN", &["benin"]),
    ("BM", "BMU", &["bermuda"]),
    ("BT", "BTN", &["bhutan", "भूटान"]),
    ("BO", "BOL", &["bolivia plurinational state", "bolivia", "plurinational state bolivia"]),
    ("BQ", "BES", &["bonaire sint eustatius saba", "caribbean nl", "sint eustatius saba bonaire"]),
    ("BA", "BIH", &["bosnia herzegovina"]),
    ("BW", "BWA", &["botswana"]),
    ("BR", "BRA", &["brazil", "brasil"]),
    ("IO", "IOT", &["british indian ocean territory"]),
    ("BN", "BRN", &["brunei darussalam", "brunei"]),
    ("BG", "BGR", &["bulgaria"]),
    ("BF", "BFA", &["burkina faso"]),
    ("BI", "BDI", &["burundi"]),
    ("KH", "KHM", &["cambodia"]),
    ("CM", "CMR", &["cameroon"]),
    ("CA", "CAN", &["canada", "कनाडा"]),
    ("CV", "CPV", &["cabo verde", "cape verde"]),
    ("KY", "CYM", &["cayman islands"]),
    ("CF", "CAF", &["central african republic", "central african rep"]),
    ("TD", "TCD", &["chad"]),
    ("CL", "CHL", &["chile"]),
    ("CN", "CHN", &["china", "prc", "peoples republic china", "mainland china", "चीन"]),
    ("CX", "CXR", &["christmas island"]),
    ("CC", "CCK", &["cocos keeling islands"]),
    ("CO", "COL", &["colombia"]),
    ("KM", "COM", &["comoros"]),
    ("CG", "COG", &["congo", "congo rep", "congo brazzaville", "republic congo", "congo republic"]),
    ("CD", "COD", &["congo democratic republic", "congo dem rep", "drc", "dr congo", "congo kinshasa", "democratic republic congo"]),
    ("CK", "COK", &["cook islands"]),
    ("CR", "CRI", &["costa rica"]),
    ("CI", "CIV", &["cote divoire", "ivory coast", "cote d ivoire"]),
    ("HR", "HRV", &["croatia"]),
    ("CU", "CUB", &["cuba"]),
    ("CW", "CUW", &["curacao"]),
    ("CY", "CYP", &["cyprus"]),
    ("CZ", "CZE", &["czechia", "czech republic", "czech"]),
    ("DK", "DNK", &["denmark"]),
    ("DJ", "DJI", &["djibouti"]),
    ("DM", "DMA", &["dominica"]),
    ("DO", "DOM", &["dominican republic"]),
    ("EC", "ECU", &["ecuador"]),
    ("EG", "EGY", &["egypt"]),
    ("SV", "SLV", &["el salvador"]),
    ("GQ", "GNQ", &["equatorial guinea"]),
    ("ER", "ERI", &["eritrea"]),
    ("EE", "EST", &["estonia"]),
    ("ET", "ETH", &["ethiopia"]),
    ("FK", "FLK", &["falkland islands malvinas", "falkland islands"]),
    ("FO", "FRO", &["faroe islands"]),
    ("FJ", "FJI", &["fiji"]),
    ("FI", "FIN", &["finland"]),
    ("FR", "FRA", &["france", "फ्रांस"]),
    ("GF", "GUF", &["french guiana"]),
    ("PF", "PYF", &["french polynesia"]),
    ("GA", "GAB", &["gabon"]),
    ("GM", "GMB", &["gambia"]),
    ("GE", "GEO", &["georgia"]),
    ("DE", "DEU", &["germany", "deutschland", "जर्मनी"]),
    ("GH", "GHA", &["ghana"]),
    ("GI", "GIB", &["gibraltar"]),
    ("GR", "GRC", &["greece"]),
    ("GL", "GRL", &["greenland"]),
    ("GD", "GRD", &["grenada"]),
    ("GP", "GLP", &["guadeloupe"]),
    ("GU", "GUM", &["guam"]),
    ("GT", "GTM", &["guatemala"]),
    ("GG", "GGY", &["guernsey"]),
    ("GN", "GIN", &["guinea"]),
    ("GW", "GNB", &["guinea bissau"]),
    ("GY", "GUY", &["guyana"]),
    ("HT", "HTI", &["haiti"]),
    ("VA", "VAT", &["holy see", "vatican city", "vatican", "holy see vatican city state"]),
    ("HN", "HND", &["honduras"]),
    ("HK", "HKG", &["hong kong", "hong kong sar", "hong kong sar china", "hongkong"]),
    ("HU", "HUN", &["hungary"]),
    ("IS", "ISL", &["iceland"]),
    ("IN", "IND", &["india", "bharat", "republic india", "hindustan", "भारत", "इंडिया", "हिंदुस्तान"]),
    ("ID", "IDN", &["indonesia", "इंडोनेशिया"]),
    ("IR", "IRN", &["iran islamic republic", "iran", "islamic republic iran"]),
    ("IQ", "IRQ", &["iraq"]),
    ("IE", "IRL", &["ireland", "republic ireland", "eire"]),
    ("IM", "IMN", &["isle man"]),
    ("IL", "ISR", &["israel"]),
    ("IT", "ITA", &["italy", "italia"]),
    ("JM", "JAM", &["jamaica"]),
    ("JP", "JPN", &["japan", "जापान"]),
    ("JE", "JEY", &["jersey"]),
    ("JO", "JOR", &["jordan"]),
    ("KZ", "KAZ", &["kazakhstan"]),
    ("KE", "KEN", &["kenya", "केन्या"]),
    ("KI", "KIR", &["kiribati"]),
    ("KP", "PRK", &["korea democratic peoples republic", "korea north", "north korea", "democratic peoples republic korea"]),
    ("KR", "KOR", &["korea republic", "korea south", "south korea", "korea", "republic korea"]),
    ("XK", "XKX", &["kosovo"]),
    ("KW", "KWT", &["kuwait", "कुवैत"]),
    ("KG", "KGZ", &["kyrgyzstan"]),
    ("LA", "LAO", &["lao peoples democratic republic", "laos"]),
    ("LV", "LVA", &["latvia"]),
    ("LB", "LBN", &["lebanon"]),
    ("LS", "LSO", &["lesotho"]),
    ("LR", "LBR", &["liberia"]),
    ("LY", "LBY", &["libya"]),
    ("LI", "LIE", &["liechtenstein"]),
    ("LT", "LTU", &["lithuania"]),
    ("LU", "LUX", &["luxembourg"]),
    ("MO", "MAC", &["macao", "macau", "macau sar", "macao sar china"]),
    ("MK", "MKD", &["north macedonia", "macedonia", "fyrom"]),
    ("MG", "MDG", &["madagascar"]),
    ("MW", "MWI", &["malawi"]),
    ("MY", "MYS", &["malaysia", "मलेशिया"]),
    ("MV", "MDV", &["maldives", "मालदीव"]),
    ("ML", "MLI", &["mali"]),
    ("MT", "MLT", &["malta"]),
    ("MH", "MHL", &["marshall islands"]),
    ("MQ", "MTQ", &["martinique"]),
    ("MR", "MRT", &["mauritania"]),
    ("MU", "MUS", &["mauritius", "मॉरीशस"]),
    ("YT", "MYT", &["mayotte"]),
    ("MX", "MEX", &["mexico"]),
    ("FM", "FSM", &["micronesia federated states", "micronesia", "federated states micronesia"]),
    ("MD", "MDA", &["moldova republic", "moldova", "republic moldova"]),
    ("MC", "MCO", &["monaco"]),
    ("MN", "MNG", &["mongolia"]),
    ("ME", "MNE", &["montenegro"]),
    ("MS", "MSR", &["montserrat"]),
    ("MA", "MAR", &["morocco"]),
    ("MZ", "MOZ", &["mozambique"]),
    ("MM", "MMR", &["myanmar", "myanmar burma", "burma", "म्यांमार"]),
    ("NA", "NAM", &["namibia"]),
    ("NR", "NRU", &["naoero", "nauru"]),
    ("NP", "NPL", &["nepal", "नेपाल"]),
    ("NL", "NLD", &["netherlands", "holland", "nederland"]),
    ("NC", "NCL", &["new caledonia"]),
    ("NZ", "NZL", &["new zealand", "न्यूज़ीलैंड", "aotearoa"]),
    ("NI", "NIC", &["nicaragua"]),
    ("NE", "NER", &["niger"]),
    ("NG", "NGA", &["nigeria"]),
    ("NU", "NIU", &["niue"]),
    ("NF", "NFK", &["norfolk island"]),
    ("MP", "MNP", &["northern mariana islands"]),
    ("NO", "NOR", &["norway"]),
    ("OM", "OMN", &["oman", "ओमान", "sultanate oman"]),
    ("PK", "PAK", &["pakistan", "पाकिस्तान"]),
    ("PW", "PLW", &["palau"]),
    ("PS", "PSE", &["palestine state", "palestine", "palestinian territory", "palestinian territories", "state palestine"]),
    ("PA", "PAN", &["panama"]),
    ("PG", "PNG", &["papua new guinea"]),
    ("PY", "PRY", &["paraguay"]),
    ("PE", "PER", &["peru"]),
    ("PH", "PHL", &["philippines"]),
    ("PL", "POL", &["poland"]),
    ("PT", "PRT", &["portugal"]),
    ("PR", "PRI", &["puerto rico"]),
    ("QA", "QAT", &["qatar", "क़तर", "कतर"]),
    ("RE", "REU", &["reunion"]),
    ("RO", "ROU", &["romania"]),
    ("RU", "RUS", &["russian federation", "russia"]),
    ("RW", "RWA", &["rwanda"]),
    ("BL", "BLM", &["saint barthelemy", "st barthelemy"]),
    ("SH", "SHN", &["saint helena ascension tristan da cunha", "st helena", "ascension tristan da cunha saint helena", "saint helena"]),
    ("KN", "KNA", &["saint kitts nevis", "st kitts nevis"]),
    ("LC", "LCA", &["saint lucia", "st lucia"]),
    ("MF", "MAF", &["saint martin french part", "st martin french", "saint martin", "saint martin french"]),
    ("PM", "SPM", &["saint pierre miquelon", "st pierre miquelon"]),
    ("VC", "VCT", &["saint vincent grenadines", "st vincent", "saint vincent"]),
    ("WS", "WSM", &["samoa", "samoa western"]),
    ("SM", "SMR", &["san marino"]),
    ("ST", "STP", &["sao tome principe"]),
    ("SA", "SAU", &["saudi arabia", "ksa", "saudi", "kingdom saudi arabia", "सऊदी अरब"]),
    ("SN", "SEN", &["senegal"]),
    ("RS", "SRB", &["serbia"]),
    ("SC", "SYC", &["seychelles"]),
    ("SL", "SLE", &["sierra leone"]),
    ("SG", "SGP", &["singapore", "सिंगापुर"]),
    ("SX", "SXM", &["sint maarten dutch part", "st maarten dutch", "sint maarten", "saint maarten dutch"]),
    ("SK", "SVK", &["slovakia"]),
    ("SI", "SVN", &["slovenia"]),
    ("SB", "SLB", &["solomon islands"]),
    ("SO", "SOM", &["somalia"]),
    ("ZA", "ZAF", &["south africa", "दक्षिण अफ्रीका", "rsa"]),
    ("SS", "SSD", &["south sudan"]),
    ("ES", "ESP", &["spain", "espana"]),
    ("LK", "LKA", &["sri lanka", "srilanka", "ceylon", "श्रीलंका"]),
    ("SD", "SDN", &["sudan"]),
    ("SR", "SUR", &["suriname"]),
    ("SJ", "SJM", &["svalbard jan mayen"]),
    ("SZ", "SWZ", &["eswatini", "eswatini swaziland", "swaziland"]),
    ("SE", "SWE", &["sweden"]),
    ("CH", "CHE", &["switzerland", "schweiz", "suisse"]),
    ("SY", "SYR", &["syrian arab republic", "syria"]),
    ("TW", "TWN", &["taiwan province china", "taiwan", "taiwan roc", "republic china", "province china taiwan"]),
    ("TJ", "TJK", &["tajikistan"]),
    ("TZ", "TZA", &["tanzania united republic", "tanzania", "united republic tanzania"]),
    ("TH", "THA", &["thailand", "थाईलैंड"]),
    ("TL", "TLS", &["timor leste", "east timor"]),
    ("TG", "TGO", &["togo"]),
    ("TK", "TKL", &["tokelau"]),
    ("TO", "TON", &["tonga"]),
    ("TT", "TTO", &["trinidad tobago"]),
    ("TN", "TUN", &["tunisia"]),
    ("TR", "TUR", &["turkiye", "turkey"]),
    ("TM", "TKM", &["turkmenistan"]),
    ("TC", "TCA", &["turks caicos islands"]),
    ("TV", "TUV", &["tuvalu"]),
    ("UG", "UGA", &["uganda"]),
    ("UA", "UKR", &["ukraine"]),
    ("AE", "ARE", &["united arab emirates", "uae", "u a e", "emirates", "dubai", "abu dhabi", "sharjah", "यूएई", "दुबई", "संयुक्त अरब अमीरात"]),
    ("GB", "GBR", &["united kingdom great britain northern ireland", "britain uk", "uk", "u k", "great britain", "britain", "england", "scotland", "wales", "northern ireland", "united kingdom", "यूके", "ब्रिटेन", "यूनाइटेड किंगडम"]),
    ("US", "USA", &["united states america", "united states", "usa", "u s a", "u s", "america", "यूएसए", "अमेरिका", "संयुक्त राज्य अमेरिका"]),
    ("UY", "URY", &["uruguay"]),
    ("UZ", "UZB", &["uzbekistan"]),
    ("VU", "VUT", &["vanuatu"]),
    ("VE", "VEN", &["venezuela bolivarian republic", "venezuela", "bolivarian republic venezuela"]),
    ("VN", "VNM", &["viet nam", "vietnam"]),
    ("VG", "VGB", &["virgin islands british", "virgin islands uk", "british virgin islands"]),
    ("VI", "VIR", &["virgin islands u s", "virgin islands us", "us virgin islands", "u s virgin islands"]),
    ("WF", "WLF", &["wallis futuna"]),
    ("EH", "ESH", &["western sahara"]),
    ("YE", "YEM", &["yemen"]),
    ("ZM", "ZMB", &["zambia"]),
    ("ZW", "ZWE", &["zimbabwe"]),
];
