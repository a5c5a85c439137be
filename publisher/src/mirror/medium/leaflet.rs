//! What a person finds on a medium who knows nothing of it, in English and French.
//!
//! Its commands are typed as they are but for the words in capitals. The program is copied before it runs: sticks are
//! mounted so that nothing on them does, and know nothing of who may run what.

use consign_metadata::digest::Sha256;

use super::label::{self, Label};
use super::loading::{FOLDER, READER};
use super::reader::Reader;

/// The files.
pub const LEAFLETS: [&str; 2] = ["READ-ME.txt", "LISEZ-MOI.txt"];

/// Their texts, for a volume with or without a reader.
pub fn texts(label: &Label, reader: Option<&Reader>) -> [(&'static str, Vec<u8>); 2] {
    [(LEAFLETS[0], english(label, reader)), (LEAFLETS[1], french(label, reader))]
        .map(|(name, text)| (name, text.replace('\n', "\r\n").into_bytes()))
}

fn english(label: &Label, reader: Option<&Reader>) -> String {
    let Label { volume, of, .. } = label;
    let export = label::name(&label.export);
    let reader = reader.map_or_else(String::new, english_reader);
    format!(
        "Volume {volume} of {of} of export {export}, for a mirror of a software vendor's packages.\n\n\
         MEDIUM is the folder where this medium is mounted. Its folder {FOLDER} is read by the program consign.\n\
         {reader}\n\
         On the machine that has the mirror, which hosts find under the name MIRROR:\n\n\
         \x20   consign mirror import MEDIUM /srv/mirror --certificate certificate.pgp --url http://MIRROR:8090\n\
         \x20   consign mirror serve /srv/mirror --listen 0.0.0.0:8090\n\n\
         Where the site has the mirror already, its folder goes in the place of /srv/mirror, and no option is needed.\n\
         Volumes may be read in any order, one after the other or all at once. What is missing is named. The\n\
         certificate is the vendor's, with roles.json beside it, and must come another way than this medium. It is needed\n\
         the first time only, and so is the address. For a part of somebody's archive: --keyring FILE in place of both.\n"
    )
}

fn english_reader(reader: &Reader) -> String {
    let needs = match &reader.loader {
        None => "nothing but a Linux".to_owned(),
        Some(loader) => format!("a Linux with {loader}"),
    };
    let (digest, processors) = (Sha256::of(&reader.bytes), reader.processors);
    format!(
        "\nThe program is on this medium. It needs {needs} on {processors}. Media are mostly\n\
         mounted so that nothing on them runs; so it is copied first:\n\n\
         \x20   install -m 755 MEDIUM/{FOLDER}/{READER} /usr/local/bin/consign\n\n\
         Whoever doubts the medium compares its SHA-256 with one that came another way:\n\n    {digest}\n"
    )
}

fn french(label: &Label, reader: Option<&Reader>) -> String {
    let Label { volume, of, .. } = label;
    let export = label::name(&label.export);
    let reader = reader.map_or_else(String::new, french_reader);
    format!(
        "Volume {volume} sur {of} de l'export {export}, pour un miroir des paquets d'un éditeur de logiciels.\n\n\
         SUPPORT est le dossier où ce support est monté. Son dossier {FOLDER} est lu par le programme consign.\n\
         {reader}\n\
         Sur la machine qui porte le miroir, que les hôtes trouvent sous le nom MIROIR :\n\n\
         \x20   consign mirror import SUPPORT /srv/mirror --certificate certificate.pgp --url http://MIROIR:8090\n\
         \x20   consign mirror serve /srv/mirror --listen 0.0.0.0:8090\n\n\
         Si le site a déjà ce miroir, son dossier prend la place de /srv/mirror, sans aucune option.\n\
         Les volumes se lisent dans n'importe quel ordre, l'un après l'autre ou tous ensemble. Ce qui manque est nommé.\n\
         Le certificat est celui de l'éditeur, avec roles.json à côté, et doit venir par un autre chemin que ce support.\n\
         Il n'est demandé que la première fois, de même que l'adresse. Pour un extrait de l'archive d'un tiers :\n\
         --keyring FICHIER au lieu des deux.\n"
    )
}

fn french_reader(reader: &Reader) -> String {
    let needs = match &reader.loader {
        None => "Il ne lui faut qu'un Linux".to_owned(),
        Some(loader) => format!("Il lui faut un Linux avec {loader}"),
    };
    let (digest, processors) = (Sha256::of(&reader.bytes), reader.processors);
    format!(
        "\nLe programme est sur ce support. {needs} sur {processors}. La plupart\n\
         des supports sont montés de sorte que rien ne s'y exécute ; on le copie donc d'abord :\n\n\
         \x20   install -m 755 SUPPORT/{FOLDER}/{READER} /usr/local/bin/consign\n\n\
         Qui doute du support compare son SHA-256 avec celui qui est venu par un autre chemin :\n\n    {digest}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::reader::Processors;
    use super::*;

    #[test]
    fn both_languages_say_the_same_commands_and_the_digest_of_the_reader() {
        let reader = Reader { bytes: b"reader".to_vec(), processors: Processors::X86, loader: None };
        let label = Label::new(b"manifest", 2, 3);
        let [english, french] = texts(&label, Some(&reader)).map(|(_, text)| String::from_utf8(text).unwrap());
        let commands = |text: &str| {
            let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
            indented.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
        };
        let french_words = commands(&french).join("\n").replace("SUPPORT", "MEDIUM").replace("MIROIR", "MIRROR");
        assert_eq!(commands(&english).join("\n"), french_words);
        let said = commands(&english);
        assert!(said.contains(&Sha256::of(b"reader").to_string()) && said.len() == 4, "{said:?}");
        assert!(english.lines().chain(french.lines()).all(|line| line.chars().count() <= 120));
        let [english, _] = texts(&label, None).map(|(_, text)| String::from_utf8(text).unwrap());
        assert!(!english.contains("install"), "{english}");
    }
}
