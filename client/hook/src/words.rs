//! What the hook itself has to say, in English and French: only that something is broken, what that
//! means for the transaction, and what to type. Everything else is worded by the viewer.

use std::io::{self, Write};
use std::path::Path;

use crate::host::Host;

/// How the agent is put back, and how it is given up, at the package manager of this host.
struct Typed {
    repair: &'static str,
    give_up: &'static str,
}

const APT: Typed = Typed { repair: "apt-get install --reinstall consignee", give_up: "apt-get remove consignee" };
const DNF: Typed = Typed { repair: "dnf reinstall consignee", give_up: "dnf remove consignee" };

const ZYPPER: Typed = Typed { repair: "zypper install --force consignee", give_up: "zypper remove consignee" };

fn typed(host: &Host) -> &'static Typed {
    match std::fs::read_to_string(host.kind()).is_ok_and(|kind| kind.trim() == "rpm") {
        true if host.has_zypper() => &ZYPPER,
        true => &DNF,
        false => &APT,
    }
}

/// Writes a message for the person in front; a person who is not there is no failure.
pub fn tell(message: &str) -> u8 {
    let _ = writeln!(io::stderr(), "{message}");
    0
}

fn is_french() -> bool {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|locale| locale == "fr" || locale.starts_with("fr_"))
}

fn choose(english: String, french: String) -> String {
    if is_french() { french } else { english }
}

/// The agent's service gave no answer.
pub fn cannot_ask(host: &Host, error: &io::Error) -> String {
    let (viewer, Typed { repair, give_up }) = (host.viewer(), typed(host));
    let viewer = viewer.display();
    choose(
        format!(
            "consignee: cannot start {viewer}: {error}.\n\
             Nothing was changed. Packages of managed products are not touched without the agent's answer.\n\
             To repair the agent:        {repair}\n\
             To give up on the agent:    {give_up}"
        ),
        format!(
            "consignee : impossible de démarrer {viewer} : {error}.\n\
             Rien n'a été modifié. Les paquets des produits gérés ne sont pas touchés sans la réponse de l'agent.\n\
             Pour réparer l'agent :          {repair}\n\
             Pour renoncer à l'agent :       {give_up}"
        ),
    )
}

/// What the package manager wrote is not what was expected.
pub fn cannot_read_transaction(host: &Host, error: &str) -> String {
    let give_up = typed(host).give_up;
    choose(
        format!(
            "consignee: cannot read the transaction: {error}.\n\
             Nothing was changed. To go on, type the same command again; if that fails too: {give_up}"
        ),
        format!(
            "consignee : impossible de lire la transaction : {error}.\n\
             Rien n'a été modifié. Retapez la même commande ; si elle échoue encore : {give_up}"
        ),
    )
}

/// A transaction is not made. The reasons were said already; this is for the package manager to repeat.
pub fn refused() -> String {
    choose(
        "refused by consignee, see above; for more: consignee status".to_owned(),
        "refusé par consignee, voir plus haut ; pour en savoir plus : consignee status".to_owned(),
    )
}

/// What is not cleared is not kept back.
pub fn cannot_hold(error: &io::Error) -> String {
    choose(
        format!(
            "consignee: cannot keep back what is not cleared: {error}.\n\
             A transaction with such packages will be refused before anything is changed."
        ),
        format!(
            "consignee : impossible de retenir ce qui n'est pas autorisé : {error}.\n\
             Une transaction avec de tels paquets sera refusée avant toute modification."
        ),
    )
}

/// The list of managed packages is there but unreadable.
pub fn cannot_read_managed(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    choose(
        format!(
            "consignee: cannot read {path}: {error}.\n\
             Nothing was changed. The agent writes it anew: systemctl restart consignee-reconcile.service"
        ),
        format!(
            "consignee : impossible de lire {path} : {error}.\n\
             Rien n'a été modifié. L'agent le récrit : systemctl restart consignee-reconcile.service"
        ),
    )
}

/// The hook is called with an older protocol than it needs.
pub fn wrong_protocol() -> String {
    choose(
        "consignee: apt did not tell the whole transaction: the options of the hook are missing from\n\
         /etc/apt/apt.conf.d/20consignee. Nothing was changed. To put the file right:\n\
         apt-get install --reinstall -o DPkg::Options::=--force-confask consignee"
            .to_owned(),
        "consignee : apt n'a pas donné toute la transaction : les options du crochet manquent dans\n\
         /etc/apt/apt.conf.d/20consignee. Rien n'a été modifié. Pour rétablir le fichier :\n\
         apt-get install --reinstall -o DPkg::Options::=--force-confask consignee"
            .to_owned(),
    )
}

/// A package's preinst could not ask, and nothing had been prepared for it.
pub fn not_prepared(product: &str, package: &str, problem: &str) -> String {
    choose(
        format!(
            "consignee: {package} is not unpacked: {product} was not prepared for the upgrade: {problem}.\n\
             The version that was there stays. To see why: systemctl status consignee.socket consignee.service"
        ),
        format!(
            "consignee : {package} n'est pas dépaqueté : {product} n'a pas été préparé à la mise à niveau : {problem}.\n\
             La version en place reste. Pour comprendre : systemctl status consignee.socket consignee.service"
        ),
    )
}

/// The engines of a package that arrives could not be kept from starting.
pub fn not_flagged(product: &str, package: &str, problem: &str) -> String {
    choose(
        format!(
            "consignee: {package} is installed, and {product} was not prepared for it: {problem}.\n\
             Its engines must not be started before the upgrade is finished: consignee status"
        ),
        format!(
            "consignee : {package} est installé, et {product} n'y a pas été préparé : {problem}.\n\
             Ses moteurs ne doivent pas être démarrés avant la fin de la mise à niveau : consignee status"
        ),
    )
}

/// A package is installed for the first time while the service cannot be reached.
pub fn finish_waits(product: &str, problem: &str) -> String {
    choose(
        format!("consignee: {product} will be finished when the agent's service runs again: {problem}"),
        format!("consignee : {product} sera terminé quand le service de l'agent tournera de nouveau : {problem}"),
    )
}

/// The engines could not be stopped by the agent before a removal.
pub fn not_stopped(product: &str, problem: &str) -> String {
    choose(
        format!("consignee: the engines of {product} were not stopped by the agent: {problem}"),
        format!("consignee : les moteurs de {product} n'ont pas été arrêtés par l'agent : {problem}"),
    )
}

/// The finish takes longer than the package manager waits.
pub fn goes_on() -> String {
    choose(
        "consignee: goes on without this terminal; to watch, type: consignee follow".to_owned(),
        "consignee : continue sans ce terminal ; pour suivre, tapez : consignee follow".to_owned(),
    )
}

/// Called with words that this version does not know.
pub fn unknown(words: &[&str]) -> String {
    choose(
        format!("consignee: this agent does not know the event {words:?} and ignores it"),
        format!("consignee : cet agent ne connaît pas l'événement {words:?} et l'ignore"),
    )
}
