//! The agent on a pretended host: what it answers, what it does to engines, what it writes down.

mod add_ons;
mod arrivals;
mod backups;
mod barriers;
mod chains;
mod checks;
mod clocks;
mod data;
mod generations;
mod going_back;
mod held_open;
mod host_checks;
mod journeys;
mod looks;
mod mending;
mod previous;
mod reconciliation;
mod schedules;
mod seeding;
mod telling;
mod timetable;
mod timing;
mod wakes;
mod without_feed;
mod world;
