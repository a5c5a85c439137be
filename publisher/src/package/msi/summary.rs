//! What a package says of itself before its database is opened: a property set (MS-OLEPS).

use consign_metadata::msi;
use jiff::Timestamp;

const FORMAT: [u8; 16] =
    [0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9];
/// Where the only section begins.
const SECTION: u32 = 48;
/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// Installer 5.0, which has ACLs and the start of services in tables.
const SCHEMA: i32 = 500;
/// Long names, compressed.
const WORD_COUNT: i32 = 2;
/// To be opened read-only.
const SECURITY: i32 = 2;

/// What the summary says.
#[derive(Debug)]
pub struct Summary<'a> {
    pub subject: &'a str,
    pub author: &'a str,
    pub comments: &'a str,
    /// Processor and language: `x64;1033`.
    pub template: &'a str,
    pub package_code: String,
    pub time: Timestamp,
}

enum Property {
    Short(i16),
    Long(i32),
    Text(Vec<u8>),
    Time(u64),
}

impl Summary<'_> {
    /// The stream.
    ///
    /// # Errors
    /// A character that the code page does not have.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let text = |text: &str| {
            msi::encode(text).map(Property::Text).map_err(|c| {
                format!("{text:?} cannot be in a summary: the code page of Windows Installer (1252) has no {c:?}")
            })
        };
        let seconds = u64::try_from(self.time.as_second().saturating_add(EPOCH)).unwrap_or(0);
        let time = || Property::Time(seconds.saturating_mul(10_000_000));
        Ok(section(&[
            (1, Property::Short(1252)),
            (2, text("Installation Database")?),
            (3, text(self.subject)?),
            (4, text(self.author)?),
            (5, text("Installer")?),
            (6, text(self.comments)?),
            (7, text(self.template)?),
            (9, text(&self.package_code)?),
            (12, time()),
            (13, time()),
            (14, Property::Long(SCHEMA)),
            (15, Property::Long(WORD_COUNT)),
            (18, text("consign")?),
            (19, Property::Long(SECURITY)),
        ]))
    }
}

fn section(properties: &[(u32, Property)]) -> Vec<u8> {
    let (mut index, mut values) = (Vec::new(), Vec::new());
    let start = 8 + 8 * properties.len();
    for (id, property) in properties {
        index.extend(id.to_le_bytes());
        index.extend(length(start + values.len()).to_le_bytes());
        property.write(&mut values);
    }
    let mut bytes = vec![0xfe, 0xff, 0, 0, 5, 1, 2, 0];
    bytes.extend([0; 16]);
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(FORMAT);
    bytes.extend(SECTION.to_le_bytes());
    bytes.extend(length(start + values.len()).to_le_bytes());
    bytes.extend(length(properties.len()).to_le_bytes());
    bytes.extend(index);
    bytes.extend(values);
    bytes
}

impl Property {
    fn write(&self, values: &mut Vec<u8>) {
        match self {
            Self::Short(number) => {
                values.extend(2u32.to_le_bytes());
                values.extend(number.to_le_bytes());
            }
            Self::Long(number) => {
                values.extend(3u32.to_le_bytes());
                values.extend(number.to_le_bytes());
            }
            Self::Text(text) => {
                values.extend(30u32.to_le_bytes());
                values.extend(length(text.len() + 1).to_le_bytes());
                values.extend(text.iter().chain(&[0]));
            }
            Self::Time(ticks) => {
                values.extend(64u32.to_le_bytes());
                values.extend(ticks.to_le_bytes());
            }
        }
        values.resize(values.len().next_multiple_of(4), 0);
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
