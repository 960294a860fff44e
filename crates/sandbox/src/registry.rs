//! Every vendor that is stood in for: one line each. What it starts with, its habits and its state are kept under its name.

use serde::{Deserialize, Serialize};

use crate::{Sandbox, face::Face};

macro_rules! vendors {
    ($($kind:ident: $state:ident),+ $(,)?) => {
        $(pub use crate::$kind::$state;)+

        /// What each stand-in starts with.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Configs {
            $(#[doc = concat!("Of `", stringify!($kind), "`.")] pub $kind: crate::$kind::Config,)+
        }

        /// Habits of each vendor in particular, beside what can go wrong with all.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Habits {
            $(#[doc = concat!("Of `", stringify!($kind), "`.")] pub $kind: crate::$kind::Habits,)+
        }

        impl Habits {
            /// Each vendor on a usual day.
            pub(crate) fn lifelike() -> Habits {
                Habits { $($kind: crate::$kind::Habits::lifelike(),)+ }
            }
        }

        /// The memory of every stand-in.
        pub(crate) struct Vendors {
            $(pub(crate) $kind: $state,)+
        }

        impl Vendors {
            pub(crate) fn new(configs: Configs) -> Vendors {
                Vendors { $($kind: $state::new(configs.$kind),)+ }
            }

            pub(crate) fn reset(&self) {
                $(self.$kind.reset();)+
            }
        }

        impl Sandbox {
            $(
                #[doc = concat!("The accounts of `", stringify!($kind), "`.")]
                pub fn $kind(&self) -> &$state {
                    &self.shared.vendors.$kind
                }
            )+
        }

        /// In the order in which they are told. Providers of calls share one network of telephones.
        pub const FACES: &[&dyn Face] = &[
            $(&crate::$kind::FACE,)+
            crate::voice::EXOTEL, crate::voice::OZONETEL, crate::voice::MYOPERATOR, crate::voice::KNOWLARITY,
        ];
    };
}

vendors! {
    aisensy: Aisensy,
    fast2sms: Fast2sms,
    waha: Waha,
    baileys_gateway: BaileysGateway,
    evolution: Evolution,
}

/// The stand-in of that vendor.
pub fn face(kind: &str) -> Option<&'static dyn Face> {
    FACES.iter().copied().find(|face| face.kind() == kind)
}
