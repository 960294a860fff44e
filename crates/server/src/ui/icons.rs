//! Every icon of the product: strokes on a 16 by 16 grid, in the ink of the text beside them.

use domain::channel::Channel;
use maud::{Markup, PreEscaped, Render, html};

/// An icon. It is decoration: the word beside it, or the label of its button, says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// The crier's horn: broadcasts, and the product itself.
    Announce,
    /// For something that needs a person.
    Attention,
    /// For the way one step back.
    Back,
    /// For calls and the channel of calls.
    Call,
    /// For cancelling for good.
    Cancel,
    /// Done, or taken by the provider.
    Check,
    /// A receipt: delivered or read.
    CheckTwice,
    /// For closing a drawer or dialog.
    Close,
    /// For copying a text, and for making a copy.
    Copy,
    /// For the dark theme.
    Dark,
    /// For a menu that opens below.
    Down,
    /// For downloading a file.
    Download,
    /// For changing something.
    Edit,
    /// Failed, or stands in the way.
    Error,
    /// Its last useful moment has passed.
    Expired,
    /// For WhatsApp groups.
    Group,
    /// The call is under way.
    InFlight,
    /// A key of a provider.
    Key,
    /// For the light theme.
    Light,
    /// The menu of a phone.
    Menu,
    /// For the menu of further actions.
    More,
    /// For the way one step on.
    Next,
    /// For something that is in order.
    Ok,
    /// Leads out of the product.
    Open,
    /// The pulse of the installation.
    Operator,
    /// For pausing, and for what is paused.
    Pause,
    /// For several people.
    People,
    /// For one person.
    Person,
    /// For WhatsApp to one person.
    Personal,
    /// For resuming, and for what runs.
    Play,
    /// For connecting an account.
    Plug,
    /// For adding something.
    Plus,
    /// For something that is not known.
    Question,
    /// For recording a voice.
    Record,
    /// For trying once more.
    Retry,
    /// For searching.
    Search,
    /// For sending now.
    Send,
    /// For settings, and for configuring an account.
    Settings,
    /// For signing out.
    SignOut,
    /// For people who are left out.
    Skip,
    /// For SMS.
    Sms,
    /// For choosing another.
    Switch,
    /// For a tag.
    Tag,
    /// For testing something first.
    Test,
    /// For deleting.
    Trash,
    /// For uploading a file.
    Upload,
    /// For something that waits for its time.
    Wait,
    /// For something that needs action.
    Warning,
    /// For workshops and dates.
    Workshop,
}

impl Icon {
    /// The picture of a channel.
    pub fn of(channel: Channel) -> Icon {
        match channel {
            Channel::WhatsappGroup => Icon::Group,
            Channel::WhatsappPersonal => Icon::Personal,
            Channel::Sms => Icon::Sms,
            Channel::IvrCall => Icon::Call,
        }
    }

    /// Every icon, for the gallery and for tests.
    pub const ALL: &[Icon] = &[
        Icon::Announce,
        Icon::Attention,
        Icon::Back,
        Icon::Call,
        Icon::Cancel,
        Icon::Check,
        Icon::CheckTwice,
        Icon::Close,
        Icon::Copy,
        Icon::Dark,
        Icon::Down,
        Icon::Download,
        Icon::Edit,
        Icon::Error,
        Icon::Expired,
        Icon::Group,
        Icon::InFlight,
        Icon::Key,
        Icon::Light,
        Icon::Menu,
        Icon::More,
        Icon::Next,
        Icon::Ok,
        Icon::Open,
        Icon::Operator,
        Icon::Pause,
        Icon::People,
        Icon::Person,
        Icon::Personal,
        Icon::Play,
        Icon::Plug,
        Icon::Plus,
        Icon::Question,
        Icon::Record,
        Icon::Retry,
        Icon::Search,
        Icon::Send,
        Icon::Settings,
        Icon::SignOut,
        Icon::Skip,
        Icon::Sms,
        Icon::Switch,
        Icon::Tag,
        Icon::Test,
        Icon::Trash,
        Icon::Upload,
        Icon::Wait,
        Icon::Warning,
        Icon::Workshop,
    ];

    /// Its strokes, for a drawing that holds them.
    pub fn inner(self) -> Markup {
        PreEscaped(self.strokes().to_owned())
    }

    fn strokes(self) -> &'static str {
        match self {
            Icon::Announce => {
                r#"<path d="M2 6.4v3.2c0 .5.4.9.9.9h1.6l6.6 2.9c.5.2 1-.1 1-.7V3.3c0-.6-.5-.9-1-.7L4.500 5.500H2.900c-.5 0-.9.4-.9.9ZM4.800 10.500l.9 3.300M14.200 6.600c.4.9.4 1.900 0 2.800"/>"#
            }
            Icon::Attention => {
                r#"<path d="M4 11.250h8c-.8-.9-1.250-1.900-1.250-4A2.750 2.750 0 0 0 8 4.250a2.750 2.750 0 0 0-2.750 3c0 2.100-.45 3.100-1.250 4ZM6.800 13.500h2.400M8 2.500v1.750"/>"#
            }
            Icon::Back => r#"<path d="m10 4-4 4 4 4"/>"#,
            Icon::Call => {
                r#"<path d="M5.200 2.250 3 3.100c-.5.200-.8.700-.7 1.200.7 4.700 4.700 8.700 9.400 9.400.5.100 1-.200 1.200-.7l.85-2.200-3-1.600-1.350 1.350C7.900 9.900 6.100 8.100 5.450 6.600L6.800 5.250l-1.600-3Z"/>"#
            }
            Icon::Cancel => r#"<circle cx="8" cy="8" r="6"/><path d="M5.250 8h5.500"/>"#,
            Icon::Check => r#"<path d="m3 8.500 3.250 3.250L13 4.750"/>"#,
            Icon::CheckTwice => r#"<path d="m1.500 8.750 2.750 2.750L10 5M8 11l.5.500L14.500 5"/>"#,
            Icon::Close => r#"<path d="m4 4 8 8M12 4l-8 8"/>"#,
            Icon::Copy => {
                r#"<rect x="5.500" y="5.500" width="8" height="8" rx="1.500"/><path d="M10.500 5.500v-1.500c0-.8-.7-1.500-1.500-1.500H4c-.8 0-1.500.7-1.500 1.500v5c0 .8.700 1.500 1.500 1.500h1.500"/>"#
            }
            Icon::Dark => {
                r#"<path d="M13.500 9.600A5.750 5.750 0 0 1 6.400 2.500a5.750 5.750 0 1 0 7.100 7.100Z"/>"#
            }
            Icon::Down => r#"<path d="m4 6 4 4 4-4"/>"#,
            Icon::Download => {
                r#"<path d="M8 2.250v7.500M4.900 6.900 8 10l3.100-3.100M2.750 13.250h10.500"/>"#
            }
            Icon::Edit => r#"<path d="m10.500 3 2.500 2.500-7.500 7.500H3v-2.500L10.500 3Z"/>"#,
            Icon::Error => {
                r#"<circle cx="8" cy="8" r="6"/><path d="m5.900 5.900 4.200 4.200M10.100 5.900l-4.200 4.200"/>"#
            }
            Icon::Expired => r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.750V8M8 11v.1"/>"#,
            Icon::Group => {
                r#"<path d="M2.250 12.750 3 10.400A4.500 4.500 0 1 1 4.700 12l-2.450.75Z"/><path d="M9.200 12.600a4 4 0 0 0 2.300.5l2.250.65-.6-1.900a4 4 0 0 0-.9-5.350"/>"#
            }
            Icon::InFlight => r#"<path d="M2 8h8.500M7.500 4.500 11 8l-3.500 3.500M13.750 3.500v9"/>"#,
            Icon::Key => {
                r#"<circle cx="5.250" cy="10.750" r="3"/><path d="m7.400 8.600 5.850-5.850M10.500 5.500l2 2"/>"#
            }
            Icon::Light => {
                r#"<circle cx="8" cy="8" r="3"/><path d="M8 1.500v1.250M8 13.250v1.250M1.500 8h1.250M13.250 8h1.250M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9"/>"#
            }
            Icon::Menu => r#"<path d="M2.500 4.500h11M2.500 8h11M2.500 11.500h11"/>"#,
            Icon::More => {
                r#"<g fill="currentColor" stroke="none"><circle cx="3.250" cy="8" r="1.150"/><circle cx="8" cy="8" r="1.150"/><circle cx="12.750" cy="8" r="1.150"/></g>"#
            }
            Icon::Next => r#"<path d="m6 4 4 4-4 4"/>"#,
            Icon::Ok => r#"<circle cx="8" cy="8" r="6"/><path d="m5.400 8.200 1.850 1.850 3.450-3.700"/>"#,
            Icon::Open => {
                r#"<path d="M9.500 2.500h4v4M13.500 2.500 7.500 8.500M11.500 9.500v3c0 .6-.4 1-1 1h-7c-.6 0-1-.4-1-1v-7c0-.6.4-1 1-1h3"/>"#
            }
            Icon::Operator => r#"<path d="M1.500 8.250h2.750l2-5 3.250 9.500 2-4.500h3"/>"#,
            Icon::Pause => r#"<path d="M5.500 3.500v9M10.500 3.500v9"/>"#,
            Icon::People => {
                r#"<circle cx="6" cy="5.25" r="2.5"/><path d="M1.75 13.5c.3-2.5 1.9-3.9 4.25-3.9s3.95 1.4 4.25 3.9M10.6 3.1a2.4 2.4 0 0 1 0 4.3M12 9.9c1.3.5 2.1 1.7 2.3 3.6"/>"#
            }
            Icon::Person => {
                r#"<circle cx="8" cy="5.250" r="2.500"/><path d="M3.500 13.500c.3-2.500 2-3.900 4.500-3.900s4.200 1.400 4.500 3.900"/>"#
            }
            Icon::Personal => {
                r#"<path d="M2.250 13.750 3.200 10.700A5.900 5.900 0 1 1 5.400 12.900l-3.150.85Z"/><path d="M6.100 5.600c-.3 2 2.300 4.600 4.300 4.300"/>"#
            }
            Icon::Play => r#"<path d="M5 3.250v9.500l7.500-4.750L5 3.250Z"/>"#,
            Icon::Plug => {
                r#"<path d="M6 1.750v3M10 1.750v3M4 4.750h8v2.500a4 4 0 0 1-8 0v-2.500ZM8 11.250v3"/>"#
            }
            Icon::Plus => r#"<path d="M8 3v10M3 8h10"/>"#,
            Icon::Question => {
                r#"<circle cx="8" cy="8" r="6"/><path d="M6.250 6.400c.1-1 .8-1.650 1.750-1.650s1.750.6 1.750 1.550c0 1.250-1.750 1.300-1.750 2.600M8 11v.1"/>"#
            }
            Icon::Record => {
                r#"<rect x="5.750" y="1.750" width="4.500" height="8" rx="2.250"/><path d="M3.250 7.500a4.750 4.750 0 0 0 9.500 0M8 12.250v2"/>"#
            }
            Icon::Retry => {
                r#"<path d="M13 3v3.250H9.750M3 13V9.750h3.250M12.700 6.250A5 5 0 0 0 3.900 5M3.300 9.750A5 5 0 0 0 12.100 11"/>"#
            }
            Icon::Search => r#"<circle cx="7" cy="7" r="4.5"/><path d="m10.400 10.400 3.350 3.350"/>"#,
            Icon::Send => r#"<path d="M14 2 7 9M14 2 9.500 14 7 9 2 6.500 14 2Z"/>"#,
            Icon::Settings => {
                r#"<circle cx="8" cy="8" r="2.1"/><path d="M8 1.75v1.7M8 12.550v1.7M1.750 8h1.7M12.550 8h1.7M3.580 3.580l1.200 1.200M11.220 11.220l1.200 1.200M3.580 12.420l1.200-1.200M11.220 4.780l1.200-1.200"/>"#
            }
            Icon::SignOut => {
                r#"<path d="M6.500 2.750h-3c-.6 0-1 .4-1 1v8.500c0 .6.4 1 1 1h3M10 5l3 3-3 3M13 8H6.500"/>"#
            }
            Icon::Skip => r#"<path d="M3.500 4v8l5-4-5-4ZM11.500 4v8"/>"#,
            Icon::Sms => {
                r#"<path d="M2.250 4.250c0-.8.700-1.500 1.500-1.500h8.500c.8 0 1.500.7 1.500 1.500v5.500c0 .8-.7 1.500-1.500 1.500H7l-3.250 2.500v-2.500c-.8 0-1.500-.7-1.500-1.500v-5.500ZM5.250 7h.1M8 7h.1M10.750 7h.1"/>"#
            }
            Icon::Switch => r#"<path d="m5 6 3-3 3 3M5 10l3 3 3-3"/>"#,
            Icon::Tag => r#"<path d="M2.500 3.500v4l6 6 5-5-6-6h-4c-.6 0-1 .4-1 1ZM5.250 5.250h.1"/>"#,
            Icon::Test => {
                r#"<path d="M6.250 2.250v4L2.900 12c-.4.800.1 1.750 1 1.750h8.200c.9 0 1.400-.95 1-1.750L9.750 6.250v-4M5.250 2.250h5.500M4.750 9.750h6.500"/>"#
            }
            Icon::Trash => {
                r#"<path d="M3 4.250h10M6.250 4.250v-1.500h3.500v1.500M4.250 4.250l.6 8.250c0 .6.5 1 1 1h4.300c.5 0 1-.4 1-1l.6-8.250"/>"#
            }
            Icon::Upload => r#"<path d="M8 10V2.500M4.900 5.400 8 2.300l3.100 3.100M2.750 13.250h10.500"/>"#,
            Icon::Wait => r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.750V8l2.250 1.500"/>"#,
            Icon::Warning => r#"<path d="M8 2.250 14.250 13H1.750L8 2.250ZM8 6.500v3M8 11.200v.1"/>"#,
            Icon::Workshop => {
                r#"<rect x="2.25" y="3" width="11.5" height="10.75" rx="2"/><path d="M2.25 6.5h11.5M5.5 1.75V4M10.5 1.75V4"/>"#
            }
        }
    }
}

impl Render for Icon {
    fn render(&self) -> Markup {
        html! {
            svg class="m-i" viewBox="0 0 16 16" aria-hidden="true" focusable="false" { (PreEscaped(self.strokes())) }
        }
    }
}

/// The sign of the product: a horn on a violet tile.
pub struct ProductMark;

impl Render for ProductMark {
    fn render(&self) -> Markup {
        html! {
            svg class="m-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
                rect width="32" height="32" rx="9" class="m-mark__tile" {}
                path class="m-mark__horn" d="M8 13.6v4.8c0 .7.5 1.2 1.2 1.2h2.3l7.7 4.1c.8.4 1.6-.1 1.6-1V9.3c0-.9-.8-1.4-1.6-1l-7.7 4.1H9.2c-.7 0-1.2.5-1.2 1.2Z" {}
                path class="m-mark__wave" d="M23.6 12.7c1.5 1.9 1.5 4.7 0 6.6" {}
            }
        }
    }
}
