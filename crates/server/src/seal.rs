//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key that lives outside the database.
//!
//! The key file holds one key per line, `<id> <64 hex digits>`, newest first. The newest seals; every one of them opens, so that
//! a rotation can take its time. The last line is the first key there ever was: what must stay the same for ever (hashed
//! numbers of suppressions, callback addresses) is derived from it.

use std::{
    fmt,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of an XChaCha20 nonce.
const NONCE_BYTES: usize = 24;
/// First part of every sealed text.
const VERSION: &str = "x1";

/// Why a sealed text did not open. Says nothing about what is inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not one of our sealed texts.
    #[error("this is no sealed text")]
    Form,
    /// Sealed under a key that is not in the key file.
    #[error("it is sealed under the key {0}, which the key file does not hold")]
    Key(String),
    /// Changed since, or sealed for something else.
    #[error("it was changed, or it belongs to another record")]
    Broken,
}

#[derive(Clone)]
struct Key {
    id: String,
    bytes: [u8; 32],
}

/// The keys of an installation, newest first.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.keys.iter().map(|key| key.id.as_str()).collect();
        f.debug_tuple("KeyRing").field(&ids).finish()
    }
}

/// Bytes from the operating system's random source.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes
}

/// A name in a folder is on the disk only when the folder is.
fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

/// HMAC-SHA-256.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl KeyRing {
    /// A ring with one new key, for tests and for a first start.
    pub fn generate() -> KeyRing {
        KeyRing { keys: vec![Key::generate()] }
    }

    /// Whether there is a key file. An empty one is none: earlier versions left it when they were killed at their very first start.
    pub fn exists(file: &Path) -> bool {
        std::fs::metadata(file).is_ok_and(|about| about.len() > 0)
    }

    /// Reads the key file, and creates it with a new key (mode 0600) when there is none.
    pub fn open(file: &Path) -> anyhow::Result<KeyRing> {
        match std::fs::read_to_string(file) {
            Ok(text) if text.is_empty() => {
                let ring = KeyRing::generate();
                ring.replace(file)?;
                Ok(ring)
            }
            Ok(text) => {
                let mode = std::fs::metadata(file)?.permissions().mode();
                if mode & 0o077 != 0 {
                    bail!("{} can be read by others; run: chmod 600 {}", file.display(), file.display());
                }
                KeyRing::parse(&text).with_context(|| format!("cannot read the key file {}", file.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let ring = KeyRing::generate();
                if ring
                    .create(file)
                    .with_context(|| format!("cannot create the key file {}", file.display()))?
                {
                    return Ok(ring);
                }
                // Another process was first.
                KeyRing::open(file)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read the key file {}", file.display())),
        }
    }

    fn parse(text: &str) -> anyhow::Result<KeyRing> {
        let keys: Vec<Key> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (id, digits) = line.split_once(' ').context("a line is not “id key”")?;
                let mut bytes = [0; 32];
                hex::decode_to_slice(digits.trim(), &mut bytes).context("a key is not 64 hex digits")?;
                Ok(Key { id: id.to_owned(), bytes })
            })
            .collect::<anyhow::Result<_>>()?;
        if keys.is_empty() {
            bail!("it holds no key");
        }
        Ok(KeyRing { keys })
    }

    fn text(&self) -> String {
        let mut text =
            String::from("# Munadi's keys, newest first. Keep a copy apart from the database's backups.\n");
        for key in &self.keys {
            text.push_str(&format!("{} {}\n", key.id, hex::encode(key.bytes)));
        }
        text
    }

    /// A ring with one more, newest, key. Write it with [`KeyRing::replace`] before anything is sealed under it.
    pub fn rotated(&self) -> KeyRing {
        let mut keys = vec![Key::generate()];
        keys.extend(self.keys.iter().cloned());
        KeyRing { keys }
    }

    /// The newest key and the first one ever: what is left when everything is sealed under the newest. The first stays for
    /// ever, because hashed numbers and callback addresses are derived from it.
    pub fn without_middle(&self) -> KeyRing {
        let mut keys = self.keys.clone();
        if keys.len() > 2 {
            keys.drain(1..keys.len() - 1);
        }
        KeyRing { keys }
    }

    /// Writes the key file anew: beside it first, then moved over it, so that no moment is without a whole file.
    pub fn replace(&self, file: &Path) -> anyhow::Result<()> {
        let what = || format!("cannot replace the key file {}", file.display());
        let beside = self.write_beside(file).with_context(what)?;
        std::fs::rename(&beside, file).and_then(|()| sync_folder(file)).with_context(what)
    }

    /// Writes a key file where there is none, whole or not at all; `false` when there is one by now.
    fn create(&self, file: &Path) -> std::io::Result<bool> {
        let beside = self.write_beside(file)?;
        let linked = std::fs::hard_link(&beside, file);
        std::fs::remove_file(&beside)?;
        match linked {
            Ok(()) => sync_folder(file).map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A file beside the key file, of this process alone, with everything in it and on the disk.
    fn write_beside(&self, file: &Path) -> std::io::Result<PathBuf> {
        let beside = file.with_extension(format!("key.new-{}", std::process::id()));
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        out.write_all(self.text().as_bytes())?;
        out.sync_all()?;
        Ok(beside)
    }

    /// Id of the key that seals now.
    pub fn newest(&self) -> &str {
        &self.keys[0].id
    }

    /// Seals a text. `bound_to` names the record it belongs to (organisation and integration): it opens for no other.
    pub fn seal(&self, plain: &str, bound_to: &str) -> String {
        let nonce: [u8; NONCE_BYTES] = random_bytes();
        let key = &self.keys[0];
        let payload = Payload { msg: plain.as_bytes(), aad: bound_to.as_bytes() };
        let sealed = XChaCha20Poly1305::new(&key.bytes.into())
            .encrypt(&XNonce::from(nonce), payload)
            .expect("texts are far shorter than the cipher's limit");
        let mut out = nonce.to_vec();
        out.extend(sealed);
        format!("{VERSION}.{}.{}", key.id, URL_SAFE_NO_PAD.encode(out))
    }

    /// Opens what [`KeyRing::seal`] made for the same record.
    pub fn open_sealed(&self, sealed: &str, bound_to: &str) -> Result<String, SealError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(VERSION), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SealError::Form);
        };
        let key = self.keys.iter().find(|key| key.id == id).ok_or_else(|| SealError::Key(id.to_owned()))?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Form)?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Form)?;
        let plain = XChaCha20Poly1305::new(&key.bytes.into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: bound_to.as_bytes() })
            .map_err(|_| SealError::Broken)?;
        String::from_utf8(plain).map_err(|_| SealError::Broken)
    }

    /// Id of the key a text is sealed under; what a rotation looks for.
    pub fn sealed_under(sealed: &str) -> Option<&str> {
        sealed.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.').map(|(id, _)| id)
    }

    /// Key of the tokens in forms. Changes with a rotation: forms that are open then must be opened again.
    pub fn form_key(&self) -> [u8; 32] {
        hmac_sha256(&self.keys[0].bytes, &[b"munadi forms"])
    }

    /// Key under which numbers of suppressions are hashed. Never changes.
    pub fn phone_key(&self) -> [u8; 32] {
        hmac_sha256(&self.first().bytes, &[b"munadi phone numbers"])
    }

    /// The unguessable part of a callback address. Never changes for the same integration.
    pub fn callback_key(&self, integration: domain::ids::IntegrationId) -> String {
        let mac = hmac_sha256(&self.first().bytes, &[b"munadi callbacks", integration.0.as_bytes()]);
        hex::encode(&mac[..20])
    }

    /// The `nth` secret that an organisation's alerts are signed with when they are posted. Derived, so that no database holds it.
    pub fn webhook_secret(&self, organization: domain::ids::OrganizationId, nth: i64) -> [u8; 32] {
        let parts: [&[u8]; 3] = [b"munadi alert webhooks", organization.0.as_bytes(), &nth.to_be_bytes()];
        hmac_sha256(&self.first().bytes, &parts)
    }

    /// Key of the links by which people stop messages. Never changes: a link in an old message has to work.
    pub fn opt_out_key(&self) -> [u8; 32] {
        hmac_sha256(&self.first().bytes, &[b"munadi opt-out links"])
    }

    /// Key of the codes of registrants' own links. Never changes: a link in an old message has to work.
    pub fn join_link_key(&self) -> [u8; 32] {
        hmac_sha256(&self.first().bytes, &[b"munadi join links"])
    }

    fn first(&self) -> &Key {
        self.keys.last().expect("a ring holds at least one key")
    }
}

impl Key {
    fn generate() -> Key {
        Key { id: hex::encode(random_bytes::<4>()), bytes: random_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_for_its_record_only() {
        let ring = KeyRing::generate();
        let sealed = ring.seal("key-123", "org/integration");
        assert!(!sealed.contains("key-123"));
        assert_eq!(ring.open_sealed(&sealed, "org/integration").as_deref(), Ok("key-123"));
        assert_eq!(ring.open_sealed(&sealed, "org/other"), Err(SealError::Broken));
        assert_ne!(sealed, ring.seal("key-123", "org/integration"), "a nonce is never used twice");
        assert_eq!(ring.open_sealed("x1.abc", "org"), Err(SealError::Form));
        assert_eq!(ring.open_sealed("plain", "org"), Err(SealError::Form));
        assert!(matches!(
            KeyRing::generate().open_sealed(&sealed, "org/integration"),
            Err(SealError::Key(_))
        ));
    }

    #[test]
    fn a_rotation_opens_the_old_and_seals_under_the_new() {
        let old = KeyRing::generate();
        let new = old.rotated();
        let before = old.seal("a", "r");
        assert_eq!(new.open_sealed(&before, "r").as_deref(), Ok("a"));
        let after = new.seal("a", "r");
        assert_eq!(KeyRing::sealed_under(&after), Some(new.newest()));
        assert!(matches!(old.open_sealed(&after, "r"), Err(SealError::Key(_))));
        assert_eq!(new.phone_key(), old.phone_key(), "hashed numbers must still be found");
        assert_ne!(new.form_key(), old.form_key());
    }

    #[test]
    fn the_key_file_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("munadi.key");
        let first = KeyRing::open(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = first.seal("a", "r");
        first.rotated().replace(&file).unwrap();
        let again = KeyRing::open(&file).unwrap();
        assert_eq!(again.open_sealed(&sealed, "r").as_deref(), Ok("a"));
        assert_eq!(again.keys.len(), 2);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(KeyRing::open(&file).unwrap_err().to_string().contains("chmod 600"));
        assert!(!format!("{again:?}").contains(&hex::encode(again.keys[0].bytes)));
    }

    #[test]
    fn a_first_start_that_was_killed_leaves_no_key_file_that_is_never_usable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("munadi.key");
        std::fs::write(&file, "").unwrap();
        assert!(!KeyRing::exists(&file));
        let made = KeyRing::open(&file).unwrap();
        assert!(KeyRing::exists(&file));
        assert_eq!(KeyRing::open(&file).unwrap().newest(), made.newest());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_rotation_puts_a_whole_key_file_in_the_old_ones_place() {
        use std::io::Read;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("munadi.key");
        let ring = KeyRing::open(&file).unwrap();
        let before = std::fs::read_to_string(&file).unwrap();
        // A process that has the old file open still reads all of it. A power cut at any moment leaves one of the two
        // files.
        let mut open = std::fs::File::open(&file).unwrap();
        ring.rotated().replace(&file).unwrap();
        let mut still = String::new();
        open.read_to_string(&mut still).unwrap();
        assert_eq!(still, before);
        assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn two_first_starts_at_once_have_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("munadi.key");
        let (one, other) = (KeyRing::generate(), KeyRing::generate());
        assert!(one.create(&file).unwrap());
        assert!(!other.create(&file).unwrap(), "a file that is there is not written over");
        assert_eq!(KeyRing::open(&file).unwrap().newest(), one.newest());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
