//! The vendor's own error codes (`providers/src/fast2sms/NOTES.md` §2.5). They are no HTTP statuses.

/// What a time that is none is refused with. No code of it is published: the plain status of a bad request.
pub(super) const BAD_SCHEDULE: u16 = 400;

/// Codes and what they say. The texts of 401, 409, 412, 413, 416, 427, 995 and 996 are the published ones, the others ours.
const CODES: &[(u16, &str)] = &[
    (BAD_SCHEDULE, "Invalid schedule time"),
    (401, "Sender ID Missing"),
    (402, "Message is required"),
    (403, "Route is required"),
    (404, "Language is required"),
    (405, "Numbers are required"),
    (406, "Invalid Sender ID"),
    (407, "Message contains words that are not allowed"),
    (408, "Invalid route"),
    (409, "Invalid Route Authentication"),
    (410, "Invalid language"),
    (411, "Invalid numbers"),
    (412, "Invalid Authentication, Check Authorization Key"),
    (413, "Invalid Authentication, Authorization Key Disabled"),
    (414, "IP address is blacklisted or not allowed for this key"),
    (415, "Account is disabled"),
    (416, "You don't have sufficient wallet balance"),
    (417, "Message has characters that need the language unicode"),
    (424, "Invalid message ID"),
    (425, "Invalid template"),
    (426, "Link in the variables is not allowed"),
    (427, "Number blocked in Fast2SMS DND list"),
    (428, "Number is not allowed"),
    (500, "Template or sender is blacklisted at DLT"),
    (990, "This API is no longer in use, take the new one"),
    (995, "Spamming detected (sending multiple SMS to same number is not allowed)"),
    (996, "Before using OTP SMS API, complete KYC"),
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
