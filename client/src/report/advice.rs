//! What to type next, and what it is for. Commands are the same in every language.

use std::collections::BTreeSet;

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;

use super::page::{Page, Style};
use super::{going_back, holder};
use crate::engine::event::{Failure, FolderProblem, HeldFile, Reason};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::host::typed::{self, shell};

/// A command and its purpose.
pub type Advice = (String, String);

/// What to type about an upgrade as it stands; empty when nothing has to be typed.
pub fn on_upgrade(upgrade: &Upgrade, language: Language) -> Vec<Advice> {
    let product = &upgrade.header.product;
    match &upgrade.state {
        State::Planned => vec![refresh(language)],
        State::Held => on_reasons(product, upgrade.reasons(), language),
        State::Cleared => vec![package_upgrade(language)],
        State::Forward { .. } | State::Backward { .. } => vec![follow(product, language)],
        State::Waiting { item } if upgrade.header.items[*item].task.is_some() => {
            vec![plan(product, language), done(product, &upgrade.header.items[*item].name, language)]
        }
        State::Waiting { .. } => waiting(upgrade, language),
        State::Halted { item, cause } => halted(upgrade, *item, cause, language),
        State::Stuck { .. } => {
            vec![what_happened(upgrade, language), retry(product, language), rescue(upgrade, language)]
        }
        State::Completed | State::Cancelled | State::RolledBack | State::Superseded { .. } | State::Rescued { .. } => {
            Vec::new()
        }
    }
}

/// What to type so that the reasons go away; each command once, and reading before acknowledging. Where the
/// release is out of reach nothing that a person does for it is of any use.
pub fn on_reasons(product: &ProductId, reasons: &[Reason], language: Language) -> Vec<Advice> {
    let mut seen = BTreeSet::new();
    let is_out_of_reach = reasons.iter().any(Reason::is_out_of_reach);
    let of_use = reasons.iter().filter(|reason| !is_out_of_reach || reason.is_out_of_reach());
    let all = of_use.flat_map(|reason| on_reason(product, reason, language));
    let mut all: Vec<_> = all.filter(|(command, _)| seen.insert(command.clone())).collect();
    let (acknowledge, _) = acknowledge(product, language);
    all.sort_by_key(|(command, _)| *command == acknowledge);
    all
}

fn on_reason(product: &ProductId, reason: &Reason, language: Language) -> Vec<Advice> {
    match reason {
        Reason::NoteUnread { .. } => vec![notes(product, language), acknowledge(product, language)],
        Reason::SideEffectUnacknowledged { .. } => vec![plan(product, language), acknowledge(product, language)],
        Reason::TakenBack { .. } => vec![history(product, language), acknowledge(product, language)],
        Reason::PrerequisiteFailed { .. } | Reason::PrerequisiteUnknown { .. } => {
            vec![plan(product, language), refresh(language)]
        }
        Reason::ProgramMissing { program, .. } => {
            let purpose =
                say!(language, "see what is there; put it in place", "voir ce qui s'y trouve ; le mettre en place");
            vec![advice(shell::show_program(&typed::line(&[program])), purpose), refresh(language)]
        }
        Reason::TaskOpen { id, .. } => vec![plan(product, language), done(product, id, language)],
        Reason::Unfinished { .. } | Reason::NotPrepared { .. } => vec![status(product, language)],
        Reason::AgentTooOld { .. } => {
            vec![advice(
                typed::here().upgrade_agent,
                say!(language, "bring the agent up to date", "mettre l'agent à jour"),
            )]
        }
        Reason::Site { problem } => mend(&file_of(problem).unwrap_or_else(|| typed::site_file(product)), language),
        Reason::Withdrawn { .. } | Reason::Unverified { .. } | Reason::MixedVersions { .. } => vec![refresh(language)],
        Reason::RequiredStops { .. } | Reason::TooOld { .. } => vec![upgrade(product, language)],
        Reason::LongPreparation { .. } | Reason::NotFetched { .. } | Reason::NotInstalled { .. } => {
            vec![upgrade(product, language)]
        }
        Reason::ClassUnsupported { .. } | Reason::Downgrade { .. } => vec![plan(product, language)],
        Reason::WouldRemove { .. } => vec![
            status(product, language),
            advice(
                typed::here().upgrade,
                say!(language, "upgrades without removing it", "met à jour sans le supprimer"),
            ),
        ],
        Reason::AddOnUnsupported { .. } | Reason::AddOnNoPoint { .. } | Reason::BaseUnsupported { .. } => {
            vec![refresh(language), together(language)]
        }
        Reason::AddOnNotAllowed { add_on, .. } => vec![
            advice(
                shell::edit(&typed::site_file(product)),
                say!(
                    language,
                    "an [[add_on]] with product = \"{add_on}\" and this key as primary lets it join; with ignore = true it is left out",
                    "un [[add_on]] avec product = \"{add_on}\" et cette clé comme primary l'autorise ; avec ignore = true il est laissé de côté"
                ),
            ),
            refresh(language),
        ],
        Reason::NoRoom { folder, .. } => vec![disk(folder, language)],
        Reason::NoRoomForUpgrade { file_systems } => {
            let full = file_systems.iter().map(|full| disk(&full.folder, language));
            full.chain([refresh(language)]).collect()
        }
        Reason::FolderUnusable { folder, problem } => vec![on_folder(folder, problem, language), refresh(language)],
        Reason::RebootPending { .. } => {
            let purpose = say!(language, "then look again", "puis examiner de nouveau");
            vec![
                advice(shell::REBOOT, say!(language, "restart the host", "redémarrer l'hôte")),
                advice(typed::here().refresh, purpose),
            ]
        }
        Reason::FilesHeldOpen { files, .. } => {
            let holders = files.iter().map(|held| open_by(held, language));
            holders.chain([refresh(language)]).collect()
        }
        Reason::NotWritable { folder, account, .. } => {
            let purpose = say!(language, "let it write there", "l'y autoriser à écrire");
            vec![advice(typed::let_write(folder, account), purpose), refresh(language)]
        }
        Reason::PreviousPackagesMissing { .. } => vec![may_miss(product, language), refresh(language)],
        Reason::CheckUnknown { .. } => vec![refresh(language)],
        Reason::OutsideWindow { .. } | Reason::Unattended { .. } => vec![now(product, language)],
        Reason::DataDiffers { .. } => vec![data(product, language)],
        Reason::NoAnswer => vec![advice(
            typed::here().service,
            say!(language, "what the agent's service is doing", "ce que fait le service de l'agent"),
        )],
    }
}

/// What to type about a site's file that cannot be used, which the problem names.
pub fn on_site_file(problem: &str, language: Language) -> Vec<Advice> {
    mend(&file_of(problem).unwrap_or_else(|| typed::on_host("/etc/consign/policy.toml")), language)
}

fn mend(file: &str, language: Language) -> Vec<Advice> {
    let purpose = say!(language, "mend the site's file", "corriger le fichier du site");
    vec![advice(shell::edit(file), purpose), refresh(language)]
}

/// See what is full.
pub fn disk(folder: &str, language: Language) -> Advice {
    let purpose = say!(language, "see what is full, and make room", "voir ce qui est plein, et faire de la place");
    advice(shell::room(folder), purpose)
}

fn on_folder(folder: &str, problem: &FolderProblem, language: Language) -> Advice {
    match problem {
        FolderProblem::NotAFolder | FolderProblem::LeadsNowhere { .. } => advice(
            shell::show(folder),
            say!(
                language,
                "see what is there; put a folder in its place, or mount what belongs there",
                "voir ce qui s'y trouve ; mettre un dossier à la place, ou monter ce qui doit y être"
            ),
        ),
        FolderProblem::Refused { .. } => advice(
            shell::why_refused(folder),
            say!(
                language,
                "see which file system it is on, and make it writable",
                "voir sur quel système de fichiers il est, et le rendre accessible en écriture"
            ),
        ),
        // Whatever looks at it first would not come back.
        FolderProblem::NoAnswer { .. } => advice(
            shell::let_go(folder),
            say!(
                language,
                "let go of the file system that does not answer (or bring its server back), then mount it again",
                "lâcher le système de fichiers qui ne répond pas (ou rétablir son serveur), puis le remonter"
            ),
        ),
    }
}

/// Go on with what only waits.
pub fn resume(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "then go on at once", "puis continuer sans attendre");
    advice(format!("consignee resume {product}"), purpose)
}

/// What ends a process: with its service, or by whoever started it.
pub fn open_by(held: &HeldFile, language: Language) -> Advice {
    match &held.unit {
        Some(unit) => advice(shell::stop(unit), say!(language, "let go of the files", "libérer les fichiers")),
        None => process(held.pid, language),
    }
}

/// Who a process is, and how it ends.
pub fn process(pid: u32, language: Language) -> Advice {
    advice(shell::process(pid), say!(language, "who it is, and have it ended", "savoir qui c'est, et y mettre fin"))
}

fn may_miss(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(
        language,
        "below [checks] previous_packages = \"tell\" lets it go ahead without a way back",
        "sous [checks] previous_packages = \"tell\" l'autorise sans retour possible"
    );
    advice(shell::edit(&typed::site_file(product)), purpose)
}

/// The site's file that a problem names.
fn file_of(problem: &str) -> Option<String> {
    let below = typed::on_host("/etc/consign");
    let is_end = |c: char| c.is_whitespace() || c == ',' || c == ';';
    problem.split(is_end).find(|word| word.starts_with(&below)).map(|word| word.trim_end_matches(':').to_owned())
}

fn waiting(upgrade: &Upgrade, language: Language) -> Vec<Advice> {
    let product = &upgrade.header.product;
    let mut all = vec![
        what_happened(upgrade, language),
        advice(
            format!("consignee answer {product} done"),
            say!(language, "the step is done, go on after it", "l'étape est faite, passer à la suivante"),
        ),
        advice(format!("consignee answer {product} rerun"), say!(language, "run the step again", "relancer l'étape")),
    ];
    if upgrade.can_walk_back() {
        all.push(advice(
            format!("consignee answer {product} undo"),
            say!(language, "take the upgrade back", "annuler la mise à niveau"),
        ));
    }
    all
}

fn halted(upgrade: &Upgrade, item: usize, cause: &HaltCause, language: Language) -> Vec<Advice> {
    let product = &upgrade.header.product;
    let mut all = match cause {
        HaltCause::Unsatisfied { reasons } => on_reasons(product, reasons, language),
        HaltCause::Partial => vec![advice(
            typed::repair(&upgrade.header.modules),
            say!(language, "finish the package transaction", "terminer la transaction de paquets"),
        )],
        HaltCause::Abandoned => vec![package_upgrade(language)],
        HaltCause::Failed { failure: Failure::DataDiffers { .. } } => {
            vec![data(product, language), accept_data(product, language)]
        }
        HaltCause::LoopDetected { holders, .. } => {
            [vec![what_happened(upgrade, language)], holder::advice(holders, language)].concat()
        }
        HaltCause::Failed { .. } | HaltCause::Interrupted => vec![what_happened(upgrade, language)],
    };
    all.push(retry(product, language));
    if item != upgrade.packages_item() {
        all.push(advice(
            format!("consignee skip {product}"),
            say!(language, "if you have done the step by hand", "si vous avez fait l'étape à la main"),
        ));
    }
    if upgrade.can_walk_back_with(true) {
        all.push(going_back::rollback(product, language));
    }
    all.push(rescue(upgrade, language));
    all
}

/// The one command that says what an upgrade did.
pub fn what_happened(upgrade: &Upgrade, language: Language) -> Advice {
    let (product, number) = (&upgrade.header.product, upgrade.header.upgrade);
    advice(
        format!("consignee history {product} --upgrade {number}"),
        say!(language, "everything that happened", "tout ce qui s'est passé"),
    )
}

fn history(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "see why it was taken back", "voir pourquoi elle a été annulée");
    advice(format!("consignee history {product}"), purpose)
}

fn retry(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "once the cause is mended: try again", "une fois la cause corrigée : réessayer");
    advice(format!("consignee retry {product}"), purpose)
}

fn rescue(upgrade: &Upgrade, language: Language) -> Advice {
    let (product, to) = (&upgrade.header.product, &upgrade.header.to);
    advice(
        format!("consignee rescue {product} --version {to}"),
        say!(language, "if you have put the host right by hand", "si vous avez tout remis en état à la main"),
    )
}

fn notes(product: &ProductId, language: Language) -> Advice {
    advice(format!("consignee notes {product}"), say!(language, "read the release notes", "lire les notes de version"))
}

fn acknowledge(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "acknowledge what is asked for", "acquitter ce qui est demandé");
    advice(format!("consignee ack {product}"), purpose)
}

fn done(product: &ProductId, task: impl std::fmt::Display, language: Language) -> Advice {
    let purpose = say!(language, "once you have done it", "une fois que vous l'avez faite");
    advice(format!("consignee done {product} {task}"), purpose)
}

/// Install it whatever the site's rules on time and attendance say.
pub fn now(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "let this release be installed all the same", "autoriser malgré tout cette version");
    advice(format!("consignee now {product}"), purpose)
}

/// Look at the version of the data.
pub fn data(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "look at the data again", "examiner de nouveau les données");
    advice(format!("consignee data {product}"), purpose)
}

/// Take the data for right.
pub fn accept_data(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(
        language,
        "if the data is right as it is: let the engines start on it",
        "si les données sont les bonnes : laisser les moteurs démarrer dessus"
    );
    advice(format!("consignee data {product} --accept"), purpose)
}

fn plan(product: &ProductId, language: Language) -> Advice {
    advice(format!("consignee plan {product}"), say!(language, "see what would be done", "voir ce qui serait fait"))
}

/// See where it stands.
pub fn status(product: &ProductId, language: Language) -> Advice {
    advice(format!("consignee status {product}"), say!(language, "see where it stands", "voir où elle en est"))
}

/// Watch an upgrade at work.
pub fn follow(product: &ProductId, language: Language) -> Advice {
    advice(format!("consignee follow {product}"), say!(language, "watch it live", "suivre la mise à niveau en direct"))
}

/// The agent's own: stop by stop, prepared outside of the package manager.
pub fn upgrade(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "go there, stop by stop", "y aller, étape par étape");
    advice(format!("consignee upgrade {product}"), purpose)
}

/// The package manager's own upgrade.
pub fn package_upgrade(language: Language) -> Advice {
    advice(typed::here().upgrade, say!(language, "upgrade now", "mettre à niveau maintenant"))
}

/// Have the package lists looked at again.
pub fn refresh(language: Language) -> Advice {
    advice(
        typed::here().refresh,
        say!(language, "look again at what is offered", "examiner de nouveau ce qui est proposé"),
    )
}

fn together(language: Language) -> Advice {
    let purpose = say!(
        language,
        "once a version that fits is offered: upgrades both together",
        "dès qu'une version compatible est proposée : met les deux à niveau ensemble"
    );
    advice(typed::here().upgrade, purpose)
}

fn advice(command: impl Into<String>, purpose: String) -> Advice {
    (command.into(), purpose)
}

/// "Type:" and what to type; nothing when there is nothing.
pub fn show(page: &mut Page, advice: &[Advice], language: Language) {
    if !advice.is_empty() {
        page.add(0, Style::Plain, say!(language, "type:", "tapez :"));
        page.commands(2, advice);
    }
}
