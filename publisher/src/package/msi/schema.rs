//! The tables of a database and what may be in each column, in the notation of the SDK.

use std::sync::LazyLock;

/// One line for each table, a column after each `;`.
///
/// `s` text, `l` text that may be translated, `i2` and `i4` numbers; in upper case where it may be empty. The
/// number is the greatest length, 0 for any; `*` marks the key. Then what kind of text it is, or between which
/// numbers it lies, and `->` the table whose key it is.
const TABLES: &str = "\
Property: Property s72* Identifier; Value l0 Text
Directory: Directory s72* Identifier; Directory_Parent S72 Identifier ->Directory; DefaultDir l255 DefaultDir
Feature: Feature s38* Identifier; Feature_Parent S38 Identifier ->Feature; Title L64 Text; Description L255 Text; Display I2 0..32767; Level i2 0..32767; Directory_ S72 UpperCase ->Directory; Attributes i2 0..127
Component: Component s72* Identifier; ComponentId S38 Guid; Directory_ s72 Identifier ->Directory; Attributes i2 0..32767; Condition S255 Condition; KeyPath S72 Identifier
FeatureComponents: Feature_ s38* Identifier ->Feature; Component_ s72* Identifier ->Component
File: File s72* Identifier; Component_ s72 Identifier ->Component; FileName l255 Filename; FileSize i4 0..2147483647; Version S72 Version; Language S20 Language; Attributes I2 0..32767; Sequence i4 1..2147483647
MsiFileHash: File_ s72* Identifier ->File; Options i2 0..32767; HashPart1 i4; HashPart2 i4; HashPart3 i4; HashPart4 i4
Media: DiskId i2* 1..32767; LastSequence i4 0..2147483647; DiskPrompt L64 Text; Cabinet S255 Cabinet; VolumeLabel S32 Text; Source S72 Property
Registry: Registry s72* Identifier; Root i2 -1..3; Key l255 RegPath; Name L255 Formatted; Value L0 Formatted; Component_ s72 Identifier ->Component
Environment: Environment s72* Identifier; Name l255 Text; Value L255 Formatted; Component_ s72 Identifier ->Component
CreateFolder: Directory_ s72* Identifier ->Directory; Component_ s72* Identifier ->Component
MsiLockPermissionsEx: MsiLockPermissionsEx s72* Identifier; LockObject s72 Identifier; Table s32 Text; SDDLText s0 FormattedSDDLText; Condition S255 Condition
Upgrade: UpgradeCode s38* Guid; VersionMin S20* Text; VersionMax S20* Text; Language S255* Language; Attributes i4* 0..2147483647; Remove S255 Formatted; ActionProperty s72 UpperCase
LaunchCondition: Condition s255* Condition; Description l255 Formatted
AppSearch: Property s72* UpperCase; Signature_ s72* Identifier
RegLocator: Signature_ s72* Identifier; Root i2 0..3; Key s255 RegPath; Name S255 Formatted; Type I2 0..18
DrLocator: Signature_ s72* Identifier; Parent S72* Identifier; Path S255* AnyPath; Depth I2 0..32767
ServiceInstall: ServiceInstall s72* Identifier; Name s255 Formatted; DisplayName L255 Formatted; ServiceType i4 0..2147483647; StartType i4 0..4; ErrorControl i4 0..2147483647; LoadOrderGroup S255 Formatted; Dependencies S255 Formatted; StartName S255 Formatted; Password S255 Formatted; Arguments S255 Formatted; Component_ s72 Identifier ->Component; Description L255 Formatted
ServiceControl: ServiceControl s72* Identifier; Name l255 Formatted; Event i2 0..187; Arguments L255 Formatted; Wait I2 0..1; Component_ s72 Identifier ->Component
MsiServiceConfig: MsiServiceConfig s72* Identifier; Name s255 Formatted; Event i2 0..7; ConfigType i4 -2147483647..2147483647; Argument S0 Text; Component_ s72 Identifier ->Component
MsiServiceConfigFailureActions: MsiServiceConfigFailureActions s72* Identifier; Name s255 Formatted; Event i2 0..7; ResetPeriod I4 0..2147483647; RebootMessage L255 Formatted; Command L255 Formatted; Actions S0 Text; DelayActions S0 Text; Component_ s72 Identifier ->Component
CustomAction: Action s72* Identifier; Type i2 1..32767; Source S72 CustomSource; Target S255 Formatted; ExtendedType I4 0..2147483647
AdminExecuteSequence: Action s72* Identifier; Condition S255 Condition; Sequence I2 -4..32767
AdminUISequence: Action s72* Identifier; Condition S255 Condition; Sequence I2 -4..32767
AdvtExecuteSequence: Action s72* Identifier; Condition S255 Condition; Sequence I2 -4..32767
InstallExecuteSequence: Action s72* Identifier; Condition S255 Condition; Sequence I2 -4..32767
InstallUISequence: Action s72* Identifier; Condition S255 Condition; Sequence I2 -4..32767
_Validation: Table s32* Identifier; Column s32* Identifier; Nullable s4; MinValue I4 -2147483647..2147483647; MaxValue I4 -2147483647..2147483647; KeyTable S255 Identifier; KeyColumn I2 1..32; Category S32 Text; Set S255 Text; Description S255 Text";

/// All tables.
pub static SCHEMA: LazyLock<Vec<Table>> = LazyLock::new(|| TABLES.lines().map(Table::read).collect());

/// A table and its columns.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
}

/// A column, and what may be in it.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    /// As `_Columns` has it.
    pub word: u16,
    /// What kind of text; empty for numbers.
    pub category: &'static str,
    pub range: Option<(i32, i32)>,
    /// The table whose key it is.
    pub of: Option<&'static str>,
}

impl Table {
    fn read(line: &'static str) -> Self {
        let (name, columns) = line.split_once(": ").unwrap_or((line, ""));
        Self { name, columns: columns.split("; ").map(Column::read).collect() }
    }

    /// The table of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        SCHEMA.iter().find(|table| table.name == name)
    }
}

impl Column {
    fn read(text: &'static str) -> Self {
        let mut words = text.split(' ');
        let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut column = Self { name, word: word(kind), category: "", range: None, of: None };
        for rest in words {
            if let Some(table) = rest.strip_prefix("->") {
                column.of = Some(table);
            } else if let Some((low, high)) = rest.split_once("..") {
                column.range = low.parse().ok().zip(high.parse().ok());
            } else {
                column.category = rest;
            }
        }
        column
    }

    /// Whether it is a text.
    pub fn is_text(&self) -> bool {
        self.word & 0x0800 != 0
    }

    /// Whether it is part of the key.
    pub fn is_key(&self) -> bool {
        self.word & 0x2000 != 0
    }

    /// Whether it may be empty.
    pub fn is_nullable(&self) -> bool {
        self.word & 0x1000 != 0
    }

    /// The longest text in bytes; 0 is any.
    pub fn length(&self) -> usize {
        if self.is_text() { usize::from(self.word & 0xff) } else { 0 }
    }
}

/// The type of a column in `_Columns`.
fn word(kind: &str) -> u16 {
    let (kind, key) = kind.strip_suffix('*').map_or((kind, 0), |kind| (kind, 0x2000));
    let nullable = if kind.starts_with(|c: char| c.is_ascii_uppercase()) { 0x1000 } else { 0 };
    let number: u16 = kind[1..].parse().unwrap_or(0);
    let base = match (kind.to_ascii_lowercase().as_bytes().first(), number) {
        (Some(b'i'), 2) => 0x0502,
        (Some(b'i'), _) => 0x0104,
        (Some(b'l'), _) => 0x0f00 | number,
        _ => 0x0d00 | number,
    };
    base | key | nullable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notation_of_the_sdk_gives_the_types_that_databases_have() {
        let words =
            |table: &str| -> Vec<u16> { Table::of(table).unwrap().columns.iter().map(|column| column.word).collect() };
        assert_eq!(words("Property"), [0x2d48, 0x0f00]);
        assert_eq!(words("Media"), [0x2502, 0x0104, 0x1f40, 0x1dff, 0x1d20, 0x1d48]);
        assert_eq!(words("Directory"), [0x2d48, 0x1d48, 0x0fff]);
        for column in SCHEMA.iter().flat_map(|table| &table.columns) {
            assert!(column.of.is_none_or(|table| Table::of(table).is_some()), "{}", column.name);
            assert!(!column.is_text() || !column.category.is_empty() || column.name == "Nullable", "{}", column.name);
        }
    }
}
