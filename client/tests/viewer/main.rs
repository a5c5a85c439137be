//! What the viewer shows of journals, word for word, in both languages and as JSON.

mod builder;
mod following;
mod golden;
mod journeys;
mod json;
mod pipe;
mod reading;
mod service;
mod tasks;
mod vendor;
