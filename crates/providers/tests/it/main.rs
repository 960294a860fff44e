//! What the adapters promise, over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a set-up that fails should end the test")]

mod aisensy_answers;
mod aisensy_project;
mod aisensy_receipts;
mod aisensy_request;
mod baileys_gateway;
mod conformance;
mod evolution;
mod fast2sms_answers;
mod fast2sms_manager;
mod fast2sms_promises;
mod fast2sms_receipts;
mod fast2sms_request;
mod gateways;
mod http;
mod media;
mod promises;
mod server;
mod voice;
mod waha;
