//! Our components, on top of maud-ui's styles: plain data in, markup out.
//!
//! Nothing here knows the store, the engine or a clock; texts such as "7:00 PM" arrive ready. Everything
//! holds under `default-src 'none'; style-src 'self'; script-src 'self'`: no style attribute, no handler.
//! Ids are unique within a page as long as a part with a fixed id (`truth`, `pace`…) stands there once.

pub mod addressees;
pub mod assets;
pub mod attention;
pub mod bar;
pub mod button;
pub mod call_minutes;
pub mod call_strip;
pub mod checks;
pub mod chip;
pub mod composer;
pub mod conversation;
pub mod dialog;
pub mod drawer;
pub mod empty;
pub mod field;
pub mod forecast;
pub mod format;
pub mod fragment;
pub mod head;
pub mod history;
pub mod icons;
pub mod import_grid;
pub mod integration_card;
pub mod listen;
pub mod marked;
pub mod menu;
pub mod note;
pub mod outside_page;
pub mod pace_chart;
pub mod pagination;
pub mod people_chooser;
pub mod plan;
pub mod preview;
pub mod progress;
pub mod public_page;
pub mod reasons;
pub mod recipient_summary;
pub mod recipients_table;
pub mod samples;
pub mod shell;
pub mod status_card;
pub mod table;
pub mod tabs;
pub mod toast;
pub mod today;
pub mod truth_strip;
pub mod words;
pub mod writing;
pub mod written;
