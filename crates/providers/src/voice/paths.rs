//! Addresses that a provider asks and tells. The path of a call holds its reference and a proof of it. The path alone
//! says which call is meant, and nobody can guess that of another (docs/facts/calls.md §1.4).

use domain::call::CallRef;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// What an address below the callback is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reports of what became of a call.
    Status,
    /// Requests for the next words, whatever they are.
    Step,
    /// Requests for text and question.
    Prompt,
    /// Reports of the key that was pressed.
    Digit,
    /// Requests for the closing words.
    Closing,
}

impl Kind {
    /// Its word in the path.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Status => "status",
            Kind::Step => "step",
            Kind::Prompt => "prompt",
            Kind::Digit => "digit",
            Kind::Closing => "closing",
        }
    }

    fn of(word: &str) -> Option<Kind> {
        [Kind::Status, Kind::Step, Kind::Prompt, Kind::Digit, Kind::Closing]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathTarget {
    /// What the path is for; `None` for the account's address alone.
    pub kind: Option<Kind>,
    /// The call that the path names, after its proof was checked; `None` where the path names none.
    pub call: Option<CallRef>,
}

/// Characters of a proof: 80 bits.
const PROOF_CHARS: usize = 20;

/// Makes and reads the paths of an account.
#[derive(Clone, Debug)]
pub struct Paths(Secret);

impl Paths {
    /// The paths of the account with that secret.
    pub fn of(secret: &Secret) -> Paths {
        Paths(secret.clone())
    }

    /// What proves a call.
    pub fn proof(&self, call: CallRef) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(b"munadi call ");
        mac.update(call.to_string().as_bytes());
        let mut proof = hex::encode(mac.finalize().into_bytes());
        proof.truncate(PROOF_CHARS);
        proof
    }

    /// The address of one call below the account's.
    pub fn of_call(&self, callback: &str, call: CallRef, kind: Kind) -> String {
        format!("{}/{call}/{}/{}", callback.trim_end_matches('/'), self.proof(call), kind.word())
    }

    /// The address of the whole account, for providers that know but one.
    pub fn of_account(callback: &str, kind: Kind) -> String {
        format!("{}/{}", callback.trim_end_matches('/'), kind.word())
    }

    /// Call and proof in one text, where a provider keeps a text of ours with the call.
    pub fn mark(&self, call: CallRef) -> String {
        format!("{call}.{}", self.proof(call))
    }

    /// Reads what [`mark`](Paths::mark) wrote; `None` for any other text, and for that of another account.
    pub fn marked(&self, text: &str) -> Option<CallRef> {
        let (call, proof) = text.trim().rsplit_once('.')?;
        self.proven(call, proof)
    }

    /// Reads what follows the account's key in a path; `None` where it names a call that its proof is not of, or
    /// nothing that we made.
    pub fn read(&self, path: &str) -> Option<PathTarget> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => Some(PathTarget { kind: None, call: None }),
            [kind] => Some(PathTarget { kind: Some(Kind::of(kind)?), call: None }),
            [call, proof, kind] => {
                Some(PathTarget { kind: Some(Kind::of(kind)?), call: Some(self.proven(call, proof)?) })
            }
            _ => None,
        }
    }

    fn proven(&self, call: &str, proof: &str) -> Option<CallRef> {
        let call: CallRef = call.parse().ok()?;
        same(&self.proof(call), proof).then_some(call)
    }
}

/// Compares in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        ids::{BroadcastId, MessageRef},
        time::Millis,
    };

    #[test]
    fn a_path_leads_to_its_own_call_alone() {
        let paths = Paths::of(&Secret::new("TEST-KEY-NOT-REAL"));
        let call = CallRef {
            message: MessageRef { broadcast: BroadcastId::new(Millis(1_767_240_000_000)), position: 3 },
            attempt: 1,
        };
        let url = paths.of_call("https://notify.example.com/callbacks/k/", call, Kind::Status);
        let path = url.strip_prefix("https://notify.example.com/callbacks/k/").unwrap();
        assert_eq!(paths.read(path), Some(PathTarget { kind: Some(Kind::Status), call: Some(call) }));
        let other = CallRef { attempt: 2, ..call };
        let forged = path.replace(&call.to_string(), &other.to_string());
        assert_eq!(paths.read(&forged), None, "another call under this proof");
        assert_eq!(Paths::of(&Secret::new("ANOTHER-KEY")).read(path), None);
        assert_eq!(paths.marked(&paths.mark(call)), Some(call));
        assert_eq!(paths.marked(&call.to_string()), None);
        assert_eq!(paths.read(""), Some(PathTarget { kind: None, call: None }));
        assert_eq!(paths.read("step"), Some(PathTarget { kind: Some(Kind::Step), call: None }));
        for nothing in ["x", "status/y", "a/b/status", "a/b/c/d"] {
            assert_eq!(paths.read(nothing), None, "{nothing}");
        }
    }
}
