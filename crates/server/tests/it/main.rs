//! The program's pages, asked through the router: no sockets, a clock turned by hand, both databases.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod alerts;
mod arrows;
mod attention;
mod audit;
mod broadcast;
mod callbacks;
mod consents;
mod correct;
mod drafts;
mod erase;
mod fast2sms;
mod first_start;
mod full_disk;
mod gateway;
mod gateways;
mod guard;
mod headless;
mod home;
mod home_sms;
mod import_again;
mod import_dates;
mod imports;
mod linked;
mod links;
mod listener;
mod ops;
mod opt_out;
mod paging;
mod plan_command;
mod posts;
mod retarget;
mod settings;
mod sign_in;
mod size;
mod sms_templates;
mod tags;
mod team;
mod told;
mod variables;
mod vendors;
mod webhook;
mod workshops;
mod world;
