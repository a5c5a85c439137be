//! A unit file of an engine, as far as it takes to start the engine without systemd: systemd.service(5),
//! systemd.exec(5), systemd.syntax(7). Where one says more than is understood here, nothing is guessed.

use std::collections::BTreeMap;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::UnitName;

use crate::host::program::Program;
use crate::host::{HostError, account, at};

/// Where unit files are, the first one counts; drop-ins count from all.
const FOLDERS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];
/// Folders that systemd makes for a service before it starts.
const FOLDERS_OF: [(&str, &str); 4] = [
    ("RuntimeDirectory", "/run"),
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
];
/// Types of services that are started by starting one program, which stays.
const TYPES: [&str; 3] = ["simple", "exec", "notify"];

/// The settings of the section `[Service]`, in order.
type Settings = Vec<(String, String)>;

/// An engine that can be started.
#[derive(Debug, PartialEq, Eq)]
pub struct Engine {
    commands: Vec<Vec<String>>,
    main: Vec<String>,
    user: String,
    folder: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    folders: Vec<PathBuf>,
}

/// The settings of a unit with all of its drop-ins.
///
/// # Errors
/// When there is no such unit.
pub fn read(unit: &UnitName) -> Result<String, String> {
    let name = unit.as_str();
    let file = FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    let mut texts = vec![std::fs::read_to_string(file.ok_or("there is no such unit")?).map_err(|e| e.to_string())?];
    let mut drop_ins: BTreeMap<_, PathBuf> = BTreeMap::new();
    for folder in FOLDERS.iter().rev() {
        let entries = std::fs::read_dir(Path::new(folder).join(format!("{name}.d"))).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "conf"));
        drop_ins.extend(files.map(|entry| (entry.file_name(), entry.path())));
    }
    for path in drop_ins.values() {
        texts.push(std::fs::read_to_string(path).map_err(|e| e.to_string())?);
    }
    Ok(texts.join("\n"))
}

/// The engine of a unit's text.
///
/// # Errors
/// What keeps it from being started without systemd.
pub fn engine(text: &str, name: &str) -> Result<Engine, String> {
    let settings = settings(text);
    if !name.ends_with(".service") || name.contains('@') {
        return Err(format!("{name} is no service by itself"));
    }
    let kind = last(&settings, "Type").unwrap_or_else(|| "simple".to_owned());
    if !TYPES.contains(&&*kind) {
        return Err(format!("it is of the type {kind}"));
    }
    let mut environment = BTreeMap::new();
    for line in every(&settings, "Environment") {
        environment.extend(words(&line)?.iter().filter_map(|word| pair(word)));
    }
    for file in every(&settings, "EnvironmentFile") {
        environment.extend(variables_in(file.trim_start_matches('-')));
    }
    let mut mains = commands(&settings, "ExecStart")?;
    let main = mains.pop().filter(|_| mains.is_empty()).ok_or("it has not one ExecStart")?;
    let folders = FOLDERS_OF.iter().flat_map(|(key, above)| {
        let named = every(&settings, key).into_iter().flat_map(|line| words(&line).unwrap_or_default());
        named.map(|name| Path::new(above).join(name)).collect::<Vec<_>>()
    });
    let folder = last(&settings, "WorkingDirectory").map(|folder| folder.trim_start_matches('-').to_owned());
    let engine = Engine {
        commands: commands(&settings, "ExecStartPre")?,
        main,
        user: last(&settings, "User").unwrap_or_else(|| "root".to_owned()),
        folders: folders.collect(),
        folder: folder.filter(|folder| folder.starts_with('/')).map(PathBuf::from),
        environment,
    };
    let told = [&engine.user].into_iter().chain(engine.environment.values());
    let strange =
        told.chain(engine.main.iter()).chain(engine.commands.iter().flatten()).find(|word| word.contains('%'));
    match strange {
        Some(word) => Err(format!("{word:?} has a specifier of systemd's")),
        None => Ok(engine),
    }
}

impl Engine {
    /// Makes the folders that systemd would make.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn furnish(&self) -> Result<(), HostError> {
        let (uid, gid) = account::ids(&self.user)?;
        self.folders.iter().filter(|folder| !folder.is_dir()).try_for_each(|folder| {
            let made = std::fs::create_dir_all(folder).and_then(|()| chown(folder, Some(uid), Some(gid)));
            made.map_err(|cause| at("create", folder, cause))
        })
    }

    /// What it runs before it starts.
    pub fn before(&self, log: &Path) -> Vec<Program> {
        self.commands.iter().map(|command| self.program(command, log)).collect()
    }

    /// The engine itself.
    pub fn main(&self, log: &Path) -> Program {
        self.program(&self.main, log)
    }

    fn program(&self, command: &[String], log: &Path) -> Program {
        Program {
            unit: String::new(),
            command: command.to_vec(),
            user: self.user.clone(),
            login_shell: false,
            environment: self.environment.clone(),
            working_folder: self.folder.clone(),
            limit: Duration::from_secs(90),
            limits: Default::default(),
            log: log.to_owned(),
        }
    }
}

/// The variables of a file of `NAME=value` lines; none where it is not there.
pub fn variables_in(file: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let unquoted = |value: &str| value.trim_matches('"').trim_matches('\'').to_owned();
    lines.filter_map(pair).map(|(name, value)| (name, unquoted(&value))).collect()
}

fn pair(word: &str) -> Option<(String, String)> {
    word.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
}

fn settings(text: &str) -> Settings {
    let joined = text.replace("\\\n", " ");
    let (mut settings, mut is_service) = (Settings::new(), false);
    for line in joined.lines().map(str::trim) {
        if line.starts_with('[') {
            is_service = line == "[Service]";
        } else if is_service
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
        {
            settings.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    settings
}

/// Everything that was said of a key; an empty value takes back what was said before it.
fn every(settings: &Settings, key: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (_, value) in settings.iter().filter(|(name, _)| name == key) {
        match value.is_empty() {
            true => all.clear(),
            false => all.push(value.clone()),
        }
    }
    all
}

fn last(settings: &Settings, key: &str) -> Option<String> {
    every(settings, key).pop()
}

fn commands(settings: &Settings, key: &str) -> Result<Vec<Vec<String>>, String> {
    every(settings, key).iter().map(|line| command(line)).collect()
}

fn command(line: &str) -> Result<Vec<String>, String> {
    let line = line.strip_prefix('-').unwrap_or(line);
    let words = words(line)?;
    let dollar = |word: &String| word.replace("$$", "").contains('$');
    match words.first() {
        Some(program) if program.starts_with(['@', ':', '+', '!', '|']) => {
            Err(format!("{program:?} is run in a way of its own"))
        }
        Some(_) if words.iter().any(dollar) => Err(format!("{line:?} has a variable in it")),
        Some(_) => Ok(words.into_iter().map(|word| word.replace("$$", "$")).collect()),
        None => Err("a command is empty".to_owned()),
    }
}

/// A line's words, quoted or not. What is escaped is not understood.
fn words(line: &str) -> Result<Vec<String>, String> {
    if line.contains('\\') {
        return Err(format!("{line:?} has an escape in it"));
    }
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(format!("{line:?} has an open quote")) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERP: &str = "[Unit]\nDescription=ERP\n[Service]\nUser=acme-erp\nStateDirectory=erp\n\
                       Environment=A=1 \"B=two words\"\nExecStart=/opt/erp serve \\\n  --name 'a b'\n[Install]\nWantedBy=x\n";

    #[test]
    fn an_engine_is_what_its_unit_file_says() {
        let engine = engine(ERP, "erp.service").unwrap();
        assert_eq!(engine.main, ["/opt/erp", "serve", "--name", "a b"]);
        assert_eq!((&*engine.user, engine.environment["B"].as_str()), ("acme-erp", "two words"));
        assert_eq!(engine.folders, [Path::new("/var/lib/erp")]);
        assert_eq!(
            super::engine(&format!("{ERP}[Service]\nExecStart=\nExecStart=/bin/x\n"), "e.service").unwrap().main,
            ["/bin/x"]
        );
    }

    #[test]
    fn what_needs_systemd_is_not_guessed() {
        for more in [
            "Type=forking",
            "ExecStart=/bin/second",
            "User=%i",
            "Environment=A=%h",
            "ExecStartPre=+/bin/x",
            "ExecStartPre=/bin/x $A",
        ] {
            assert!(engine(&format!("{ERP}[Service]\n{more}\n"), "erp.service").is_err(), "{more}");
        }
        assert!(engine(ERP, "erp@1.service").is_err());
        assert!(engine(ERP, "erp.target").is_err());
    }
}
