//! Maintenance windows: when a product may stop, in the host's own time zone.
//!
//! A window is written as systemd.time(7) writes days of the week, with two times of day:
//! `Sat 22:00-04:00`, `Mon..Fri 01:00-05:00`, `Mon,Wed 12:00-12:30`, `22:00-06:00` for every day. One that
//! ends before it begins ends on the next day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// How far ahead is looked: every window comes again within a week.
const DAYS: i64 = 9;
const DAY: u16 = 24 * 60;

/// The windows of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows(Vec<Window>);

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// From Monday on.
    days: [bool; 7],
    /// In minutes after midnight.
    from: u16,
    to: u16,
}

/// What the windows say of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The product may stop.
    Open {
        /// Until then; `None` where no end is in sight.
        closes: Option<Timestamp>,
    },
    /// It may not.
    Closed {
        /// Until then.
        opens: Timestamp,
    },
}

impl Moment {
    /// When it is over.
    pub fn edge(self) -> Option<Timestamp> {
        match self {
            Self::Open { closes } => closes,
            Self::Closed { opens } => Some(opens),
        }
    }
}

impl Windows {
    /// At least one.
    pub fn of(windows: Vec<Window>) -> Option<Self> {
        (!windows.is_empty()).then_some(Self(windows))
    }

    /// Whether they are open at a moment, and until when that holds.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Moment {
        let today = now.to_zoned(zone.clone()).date();
        // Yesterday's may reach into today.
        let days = (-1..DAYS).filter_map(|n| today.checked_add(jiff::Span::new().days(n)).ok());
        let mut spans: Vec<_> =
            days.flat_map(|day| self.0.iter().filter_map(move |window| window.on(day, zone))).collect();
        spans.sort_unstable();
        let (mut opens, mut closes) = (None, None);
        for (from, to) in spans {
            match closes {
                // Windows that touch are one.
                Some(end) if from <= end => closes = Some(to.max(end)),
                Some(_) => break,
                None if from <= now && now < to => closes = Some(to),
                None if from > now => opens = opens.or(Some(from)),
                None => {}
            }
        }
        match (closes, opens) {
            (Some(end), _) => Moment::Open { closes: Some(end).filter(|end| *end < self.horizon(today, zone)) },
            (None, Some(opens)) => Moment::Closed { opens },
            // The end of the calendar.
            (None, None) => Moment::Open { closes: None },
        }
    }

    fn horizon(&self, today: Date, zone: &TimeZone) -> Timestamp {
        moment(today, 0, DAYS - 1, zone).unwrap_or(Timestamp::MAX)
    }
}

impl Window {
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let is_on = self.days[usize::try_from(day.weekday().to_monday_zero_offset()).ok()?];
        let next = i64::from(self.to <= self.from);
        // Where the clock is set forward over the whole of it there is none that day.
        let span = (moment(day, self.from, 0, zone)?, moment(day, self.to, next, zone)?);
        (is_on && span.0 < span.1).then_some(span)
    }
}

fn moment(day: Date, minutes: u16, later: i64, zone: &TimeZone) -> Option<Timestamp> {
    let day = day.checked_add(jiff::Span::new().days(later + i64::from(minutes / DAY))).ok()?;
    let (hour, minute) = (i8::try_from(minutes % DAY / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    Some(day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?.timestamp())
}

impl std::str::FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, times) = match words[..] {
            [times] => ([true; 7], times),
            [days, times] => (weekdays(days)?, times),
            _ => return Err(format!("{text:?} is no window, as in \"Sat 22:00-04:00\" or \"Mon..Fri 01:00-05:00\"")),
        };
        let (from, to) =
            times.split_once('-').ok_or_else(|| format!("{times:?} is not two times, as in 22:00-04:00"))?;
        let (from, to) = (time(from)?, time(to)?);
        match from == to || from == DAY {
            true => Err(format!("{times:?} is empty; a whole day is 00:00-24:00")),
            false => Ok(Self { days, from, to }),
        }
    }
}

fn weekdays(text: &str) -> Result<[bool; 7], String> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        let (first, last) = (weekday(first)?, weekday(last)?);
        if first > last {
            return Err(format!("{part:?} ends before it begins; weeks begin with Mon"));
        }
        days[first..=last].fill(true);
    }
    Ok(days)
}

fn weekday(text: &str) -> Result<usize, String> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let lower = text.to_lowercase();
    let is_it = |name: &&str| lower == **name || lower == name[..3];
    let found = NAMES.iter().position(is_it);
    found.ok_or_else(|| format!("{text:?} is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun"))
}

fn time(text: &str) -> Result<u16, String> {
    let wrong = || format!("{text:?} is no time of day, as in 04:00");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str| match text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse::<u16>().map_err(|_| wrong()),
        false => Err(wrong()),
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    match (hour, minute) {
        (0..=23, 0..=59) | (24, 0) => Ok(hour * 60 + minute),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(lines: &[&str]) -> Windows {
        Windows::of(lines.iter().map(|line| line.parse().unwrap()).collect()).unwrap()
    }

    /// What is said of a local time: `o` or `c`, and the edge.
    fn at(lines: &[&str], now: &str, zone: &TimeZone) -> String {
        let local = |time: Timestamp| time.to_zoned(zone.clone()).strftime("%a %d %H:%M").to_string();
        let now = now.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        match windows(lines).at(now, zone) {
            Moment::Open { closes } => format!("open until {}", closes.map_or("ever".to_owned(), local)),
            Moment::Closed { opens } => format!("closed until {}", local(opens)),
        }
    }

    #[test]
    fn a_window_opens_and_closes_also_over_midnight() {
        let zone = TimeZone::UTC;
        let night = ["Sat 22:00-04:00"];
        // 2026-11-21 is a Saturday.
        assert_eq!(at(&night, "2026-11-21T21:59:59", &zone), "closed until Sat 21 22:00");
        assert_eq!(at(&night, "2026-11-21T22:00:00", &zone), "open until Sun 22 04:00");
        assert_eq!(at(&night, "2026-11-22T03:59:59", &zone), "open until Sun 22 04:00");
        assert_eq!(at(&night, "2026-11-22T04:00:00", &zone), "closed until Sat 28 22:00");
        let week = ["Mon..Fri 01:00-05:00", "sunday,wed 12:00-12:30"];
        assert_eq!(at(&week, "2026-11-20T05:00:00", &zone), "closed until Sun 22 12:00");
        assert_eq!(at(&week, "2026-11-25T12:29:00", &zone), "open until Wed 25 12:30");
    }

    #[test]
    fn windows_that_touch_are_one() {
        let zone = TimeZone::UTC;
        assert_eq!(at(&["Mon..Fri 00:00-24:00"], "2026-11-18T12:00:00", &zone), "open until Sat 21 00:00");
        assert_eq!(at(&["20:00-22:00", "22:00-23:00"], "2026-11-18T21:00:00", &zone), "open until Wed 18 23:00");
        assert_eq!(at(&["00:00-24:00"], "2026-11-18T21:00:00", &zone), "open until ever");
        assert_eq!(at(&["22:00-21:00"], "2026-11-18T21:30:00", &zone), "closed until Wed 18 22:00");
    }

    #[test]
    fn the_hour_is_that_of_the_hosts_clock_on_the_wall() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // 2026-03-29: 02:00 does not exist; 2026-10-25: 02:30 exists twice.
        assert_eq!(at(&["Sun 01:00-03:00"], "2026-03-29T01:30:00", &zone), "open until Sun 29 03:00");
        assert_eq!(at(&["Sun 02:00-02:30"], "2026-03-28T12:00:00", &zone), "closed until Sun 29 03:00");
        assert_eq!(at(&["Sat 23:00-04:00"], "2026-10-25T03:30:00", &zone), "open until Sun 25 04:00");
        let utc = "2026-10-25T01:30:00Z".parse().unwrap();
        assert!(matches!(windows(&["Sun 02:00-03:00"]).at(utc, &zone), Moment::Open { .. }));
    }

    #[test]
    fn what_is_no_window_is_named_with_what_is_possible() {
        let said = |text: &str| text.parse::<Window>().unwrap_err();
        assert_eq!(said("Sat"), "\"Sat\" is not two times, as in 22:00-04:00");
        assert_eq!(said("Sam 22:00-04:00"), "\"Sam\" is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun");
        assert_eq!(said("Fri..Mon 22:00-04:00"), "\"Fri..Mon\" ends before it begins; weeks begin with Mon");
        assert_eq!(said("22:00-4:00"), "\"4:00\" is no time of day, as in 04:00");
        assert_eq!(said("22:60-04:00"), "\"22:60\" is no time of day, as in 04:00");
        assert_eq!(said("04:00-04:00"), "\"04:00-04:00\" is empty; a whole day is 00:00-24:00");
        assert!(said("").starts_with("\"\" is no window") && said("Sat 1 2").starts_with("\"Sat 1 2\" is no"));
    }
}
