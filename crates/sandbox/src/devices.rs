//! The linked devices that a gateway holds, each by a name of its own, and how they stand with WhatsApp.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The first QR code of a connection lives this long, in milliseconds, the others [`QR_NEXT_MS`].
pub const QR_FIRST_MS: i64 = 60_000;
/// How long a QR code after the first lives, in milliseconds.
pub const QR_NEXT_MS: i64 = 20_000;
/// Codes of one connection; then it ends.
pub const QR_CODES: i64 = 6;

/// The state of a linked device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The device does not run.
    #[default]
    Stopped,
    /// The device is connecting.
    Starting,
    /// A code waits to be scanned.
    Scan,
    /// WhatsApp waits for a passkey.
    Passkey,
    /// A code waits to be compared.
    Compare,
    /// The device is connected.
    Working,
    /// The device ended, for the reason that [`Device::code`] tells.
    Failed,
}

/// A linked device of a gateway's stand-in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// The gateway's name for the device.
    pub name: String,
    /// The linked number, once there is one; digits.
    pub phone: Option<u64>,
    /// The number that scanned and has yet to show its passkey.
    pub pending: Option<u64>,
    /// The state of the device.
    pub standing: Standing,
    /// When the device took this state, in UTC milliseconds.
    pub since: i64,
    /// WhatsApp's code for the end of the device; `None` where it has not ended.
    pub code: Option<u32>,
    /// Until when WhatsApp restricts it (reach-out time-lock), in milliseconds UTC.
    pub locked_until: Option<i64>,
    /// Until when WhatsApp lets it start no more chats, in milliseconds UTC.
    pub capped_until: Option<i64>,
    /// The code that is to be typed on the phone, and when it was asked for.
    pub pairing: Option<(String, i64)>,
    /// The device's configuration, kept as the gateway was told it.
    pub config: Value,
    /// The number of connections so far. Each connection has codes of its own.
    pub connections: u32,
}

impl Device {
    /// A device with a linked phone that works.
    pub fn linked(name: &str, phone: u64) -> Device {
        Device { name: name.to_owned(), phone: Some(phone), standing: Standing::Working, ..Device::default() }
    }

    fn go(&mut self, standing: Standing, now: i64) {
        self.standing = standing;
        self.since = now;
        if standing != Standing::Failed {
            self.code = None;
        }
    }

    /// Connects: with its keys it works, without it shows codes.
    pub fn start(&mut self, now: i64) {
        if matches!(self.standing, Standing::Working | Standing::Scan | Standing::Passkey | Standing::Compare)
        {
            return;
        }
        self.connections += 1;
        self.go(if self.phone.is_some() { Standing::Working } else { Standing::Scan }, now);
    }

    /// Stops without forgetting its keys.
    pub fn stop(&mut self, now: i64) {
        self.go(Standing::Stopped, now);
    }

    /// Forgets its keys.
    pub fn log_out(&mut self, now: i64) {
        (self.phone, self.pending, self.pairing) = (None, None, None);
        (self.locked_until, self.capped_until) = (None, None);
        self.go(Standing::Stopped, now);
    }

    /// WhatsApp ends the connection with a code; 401 and 403 also void the keys.
    pub fn fail(&mut self, code: u32, now: i64) {
        if matches!(code, 401 | 403) {
            self.phone = None;
        }
        self.go(Standing::Failed, now);
        self.code = Some(code);
    }

    /// A phone scans the code, or types it. With `passkey` WhatsApp wants one first.
    pub fn scan(&mut self, phone: u64, passkey: bool, now: i64) -> bool {
        self.tick(now);
        if self.standing != Standing::Scan {
            return false;
        }
        if passkey {
            self.pending = Some(phone);
            self.go(Standing::Passkey, now);
        } else {
            self.phone = Some(phone);
            self.pairing = None;
            self.go(Standing::Working, now);
        }
        true
    }

    /// The answer to the passkey's challenge came.
    pub fn answered(&mut self, now: i64) -> bool {
        let asked = self.standing == Standing::Passkey;
        if asked {
            self.go(Standing::Compare, now);
        }
        asked
    }

    /// The codes were compared.
    pub fn compared(&mut self, now: i64) -> bool {
        let asked = self.standing == Standing::Compare;
        if asked {
            self.phone = self.pending.take();
            self.go(Standing::Working, now);
        }
        asked
    }

    /// Lets time do what it does: codes run out.
    pub fn tick(&mut self, now: i64) {
        let life = QR_FIRST_MS + (QR_CODES - 1) * QR_NEXT_MS;
        if self.standing == Standing::Scan && now - self.since >= life {
            self.go(Standing::Failed, self.since + life);
            self.code = Some(408);
        }
    }

    /// The QR code that shows now.
    pub fn qr(&self, now: i64) -> Option<String> {
        let nth = match now - self.since {
            first if first < QR_FIRST_MS => 0,
            later => 1 + (later - QR_FIRST_MS) / QR_NEXT_MS,
        };
        let shows = self.standing == Standing::Scan && nth < QR_CODES;
        shows.then(|| format!("2@TEST{}REF{nth},TESTKEY,NOT-REAL,{}", self.connections, self.name))
    }

    /// Asks for a code to type.
    pub fn ask_pairing(&mut self, now: i64) -> Option<String> {
        if self.standing != Standing::Scan {
            return None;
        }
        let code = format!("TEST-{:04}", self.connections % 10_000);
        self.pairing = Some((code.clone(), now));
        Some(code)
    }
}

/// All devices of one gateway.
#[derive(Debug, Default)]
pub struct Devices {
    start: Vec<Device>,
    now: Mutex<Vec<Device>>,
}

impl Devices {
    pub(crate) fn new(devices: Vec<Device>) -> Devices {
        Devices { now: Mutex::new(devices.clone()), start: devices }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Device>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        *self.lock() = self.start.clone();
    }

    /// Every device.
    pub fn all(&self) -> Vec<Device> {
        self.lock().clone()
    }

    /// A device as it stands at that moment.
    pub fn get(&self, name: &str, now: i64) -> Option<Device> {
        self.change(name, |device| {
            device.tick(now);
            device.clone()
        })
    }

    /// Changes a device; `None` where there is none of that name.
    pub fn change<T>(&self, name: &str, change: impl FnOnce(&mut Device) -> T) -> Option<T> {
        self.lock().iter_mut().find(|device| device.name == name).map(change)
    }

    /// Adds one; `false` where there is one of that name.
    pub fn add(&self, device: Device) -> bool {
        let mut all = self.lock();
        let new = all.iter().all(|known| known.name != device.name);
        if new {
            all.push(device);
        }
        new
    }

    /// Takes one away.
    pub fn remove(&self, name: &str) -> bool {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|device| device.name != name);
        all.len() < before
    }
}
