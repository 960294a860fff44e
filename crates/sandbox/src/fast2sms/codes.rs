//! The vendor's own error codes (`providers/src/fast2sms/NOTES.md` §2.5). They are no HTTP statuses.

/// Codes and what they say. The texts are ours but for 412, which is the documented example.
const CODES: &[(u16, &str)] = &[
    (401, "Sender ID is required"),
    (402, "Message is required"),
    (403, "Route is required"),
    (404, "Language is required"),
    (405, "Numbers are required"),
    (406, "Invalid Sender ID"),
    (407, "Message contains words that are not allowed"),
    (408, "Invalid route"),
    (409, "Route is not allowed for this account"),
    (410, "Invalid language"),
    (411, "Invalid numbers"),
    (412, "Invalid Authentication, Check Authorization Key"),
    (413, "This authorization key is disabled"),
    (414, "IP address is blacklisted or not allowed for this key"),
    (415, "Account is disabled"),
    (416, "Wallet balance is too low"),
    (417, "Message has characters that need the language unicode"),
    (424, "Invalid message ID"),
    (425, "Invalid template"),
    (426, "Link in the variables is not allowed"),
    (500, "Template or sender is blacklisted at DLT"),
    (990, "This API is no longer in use, take the new one"),
    (995, "Several SMS to the same number are considered as spam"),
    (996, "Complete the account and website verification to use this route"),
    (997, "Only digits are allowed on this route"),
    (998, "Bulk SMS must use the DLT or the Quick route"),
    (999, "A first recharge of Rs 100 is needed before the API can be used"),
];

/// What a code says.
pub(super) fn words(code: u16) -> &'static str {
    CODES.iter().find(|(known, _)| *known == code).map_or("Something went wrong", |(_, words)| words)
}

/// HTTP status that a code comes with: 401 for 412 and 413, 400 for all others.
pub(super) fn http_status(code: u16) -> u16 {
    if matches!(code, 412 | 413) { 401 } else { 400 }
}
