//! The binary, its pages, callbacks and commands.

pub mod accounts;
pub mod alerts;
pub mod app;
pub mod callbacks;
pub mod cli;
pub mod commands;
pub mod config;
pub mod disk;
pub mod health;
pub mod http;
pub mod inbound;
pub mod listener;
pub mod live;
pub mod opt_out_links;
pub mod pages;
pub mod password;
pub mod person_file;
pub mod private;
pub mod rehearsal;
pub mod router;
pub mod seal;
pub mod secrets;
pub mod throttle;
pub mod token;
pub mod ui;
pub mod uploads;
